//! Feedback: how a program answers. In passing, with a reason, on the page, or
//! step by step.

use mprun::prelude::*;

use crate::examples::feedback as examples;
use crate::parts;
use crate::words::{self, Words};

const SOURCE: &str = include_str!("../examples/feedback.rs");

/// What goes on here.
#[derive(State, Default)]
pub(crate) struct FeedbackPage {
    /// How far the picture is, in percent, once it was begun.
    pub(crate) picture: Option<u32>,
    pub(crate) inside: u32,
}

/// What can happen here.
#[derive(Message)]
pub(crate) enum FeedbackMsg {
    Keep,
    EnterAtNight,
    Develop,
    /// The picture is a step further.
    Step,
    In,
    Out,
}

impl Page for FeedbackPage {
    type Msg = FeedbackMsg;

    fn update(&mut self, msg: FeedbackMsg, cx: &mut Cx<(), FeedbackMsg>) -> Result {
        let w = words::of(cx.environment);
        match msg {
            FeedbackMsg::Keep => examples::toast_handler(cx, w)?,
            FeedbackMsg::EnterAtNight => examples::alert_handler(w)?,
            FeedbackMsg::Develop => {
                self.picture = None;
                examples::timer_handler(self, cx)?;
            }
            FeedbackMsg::Step => examples::timer_handler(self, cx)?,
            FeedbackMsg::In => self.inside += 1,
            FeedbackMsg::Out => self.inside = self.inside.saturating_sub(1),
        }
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<FeedbackMsg> {
        let w = words::of(look.environment);
        let show = |id, names, purpose, node| parts::example(SOURCE, look, id, names, purpose, node);
        let examples = vec![
            show("toast", "", w.toast_use, examples::toast_example(w)),
            show("alert", "", w.alert_use, examples::alert_example(w)),
            show("notice", "", w.notice_use, examples::notice_example(w)),
            show("timer", "", w.timer_use, examples::timer_example(self, w)),
            show("live_text", "", w.live_text_use, examples::live_text_example(self, w)),
        ];
        parts::page(w.feedback, w.feedback_line, examples)
    }
}

impl FeedbackPage {
    /// What the picture is doing, in words.
    pub(crate) fn progress(&self, w: &Words) -> String {
        match self.picture {
            None => w.develop_rest.to_owned(),
            Some(100..) => w.develop_done.to_owned(),
            Some(percent) => words::with(w.develop_goes, percent),
        }
    }

    /// A picture can be begun where none is under way.
    pub(crate) fn begin(&self) -> Option<FeedbackMsg> {
        matches!(self.picture, None | Some(100..)).then_some(FeedbackMsg::Develop)
    }
}
