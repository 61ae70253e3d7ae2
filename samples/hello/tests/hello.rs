//! What a user of `hello` sees.

use hello::App;

#[test]
fn it_greets_whoever_gives_a_name() {
    let mut page = mprun::test::open::<App>("index");
    assert_eq!(page.text(), "Your name: \nHello, ");
    page.fill("Your name", "Ada");
    page.assert_text("Hello, Ada");
}
