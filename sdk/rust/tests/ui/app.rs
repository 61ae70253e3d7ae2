//! Pages against the manifest, which lists `menu`, `product`, `stores` and `checkout`.
use mprun::prelude::*;

pub struct Menu;

app! {
    manifest: "tests/pages/shop.json",
    pages: {
//  ^^^^^ `tests/pages/shop.json` lists the page `stores`, which is missing here
//  ^^^^^ `tests/pages/shop.json` lists the page `product`, which is missing here
        "menu" => Menu,
        "produkt" => Menu,
//      ^^^^^^^^^ `pages` of `tests/pages/shop.json` does not list `produkt`: did you mean `product`?
        "checkout" => Menu,
        "checkout" => Menu,
//      ^^^^^^^^^^ `checkout` stands here twice
        "Basket" => Menu,
//      ^^^^^^^^ expected a route: words of lower-case letters, digits and `-`, joined by `/`
//      ^^^^^^^^ `pages` of `tests/pages/shop.json` does not list `Basket`
    },
}

app! { sate: Menu, pages: { "menu" => Menu } }
//     ^^^^ expected `state`, `launch`, `manifest` or `pages`, got `sate`: did you mean `state`?

app! { manifest: "nowhere.json", pages: { "menu" => Menu } }
//               ^^^^^^^^^^^^^^ cannot read `nowhere.json` beside Cargo.toml
