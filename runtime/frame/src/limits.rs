//! How much of each thing a view may have. Every number here is enforced where
//! the thing is decoded, whoever encoded it.

/// Elements inside each other, counted from the root of the page.
pub const DEPTH_MAX: u32 = 64;
/// Elements in one template.
pub const TEMPLATE_ELEMENTS_MAX: u32 = 1_000;
/// Slots in one template.
pub const TEMPLATE_SLOTS_MAX: usize = 1_000;
/// Bytes of one template's encoding.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// Templates in one bundle.
pub const TEMPLATES_MAX: usize = 4_096;
/// Templates that one frame may refer to or define.
pub const FRAME_TEMPLATES_MAX: usize = 1_024;
/// Bytes of the message of one handler.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a key in a list.
pub const KEY_BYTES_MAX: usize = 256;
/// Bytes of an address in a view.
pub const URL_BYTES_MAX: usize = 2_048;
/// Names of classes that one element has.
pub const CLASSES_MAX: usize = 16;
/// Bytes of the templates of one frame, those of a template counted once for each
/// of its instances: what is static is small in a frame and large in a page.
pub const INSTANCES_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of one attribute value.
pub const ATTRIBUTE_BYTES_MAX: usize = 64 * 1024;

/// The limits of a frame that an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// Elements in the whole frame, those of templates counted once for each
    /// instance.
    pub nodes_max: u32,
    /// Elements inside each other; at most [`DEPTH_MAX`].
    pub depth_max: u32,
    /// Bytes of `ops` (4 each), `text`, `messages`, `definitions` and
    /// `templates` (8 each) together.
    pub bytes_max: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self { nodes_max: 20_000, depth_max: DEPTH_MAX, bytes_max: 1024 * 1024 }
    }
}
