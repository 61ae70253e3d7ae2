//! Examples of media.

use mprun::prelude::*;

use crate::words::Words;

pub(crate) fn image_example(w: &Words) -> Node<()> {
    view! {
        <view layout="grid">
            for mode in ["banner", "aspect-fill", "aspect-fit", "thumbnail"], key = mode {
                <view gap="small">
                    <image src="asset:rooms/prisms.svg" mode={mode} alt={w.prisms}/>
                    <text size="small" class="word">{mode}</text>
                </view>
            }
        </view>
    }
}

pub(crate) fn remote_image_example(w: &Words) -> Node<()> {
    view! {
        <image src="https://www.w3.org/Icons/w3c_home.png" mode="thumbnail" alt={w.remote_alt}/>
    }
}
