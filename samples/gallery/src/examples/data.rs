//! Examples of data.

use mprun::prelude::*;

use crate::pages::data::{DataMsg, DataPage, OBJECTS, OPENING};
use crate::words::{self, Words};

pub(crate) fn table_example(w: &Words) -> Node<DataMsg> {
    view! {
        <table label={w.opening}>
            <table-row>
                for column in words::list(w.opening_columns), key = column {
                    <table-cell scope="column"><text strong>{column}</text></table-cell>
                }
            </table-row>
            for (day, (opens, closes, visitors)) in words::list(w.opening_days).zip(OPENING), key = day {
                <table-row>
                    <table-cell scope="row"><text>{day}</text></table-cell>
                    <table-cell><text>{opens}</text></table-cell>
                    <table-cell><text>{closes}</text></table-cell>
                    <table-cell align="end"><text>{visitors}</text></table-cell>
                </table-row>
            }
        </table>
    }
}

pub(crate) fn progress_example(w: &Words) -> Node<DataMsg> {
    view! {
        <view>
            <text>{w.restored}</text>
            <progress label={w.restored} percent=80/>
            <text>{w.paid}</text>
            <progress label={w.paid} percent=35/>
        </view>
    }
}

pub(crate) fn paging_example(page: &DataPage, w: &Words) -> Node<DataMsg> {
    let more = (page.shown < OBJECTS).then_some(DataMsg::More);
    view! {
        <view on:refresh=DataMsg::Refresh>
            <view layout="row" justify="between">
                <text live strong>{words::with(w.objects_shown, page.shown)}</text>
                <text live tone="muted" size="small">{words::with(w.refreshed, page.refreshed)}</text>
            </view>
            <list label={w.collection} on:reach-bottom={more}>
                for (number, name) in (1..=page.shown).zip(words::list(w.objects).cycle()), key = number {
                    <list-item layout="row">
                        <text grow>{name}</text>
                        <text tone="muted" size="small">{words::with(w.object_number, number)}</text>
                    </list-item>
                }
            </list>
        </view>
    }
}
