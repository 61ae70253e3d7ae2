//! The derive macros.
use mprun::prelude::*;

#[derive(State)]
pub struct Borrowed<'a> {
//                  ^^ expected a type that owns its data: it outlives the call
    name: &'a str,
}

#[derive(Form)]
pub struct Unnamed(String);
//         ^^^^^^^ expected a struct with named fields

#[derive(Form)]
pub struct Rules {
    #[field(mx = 3)]
//          ^^ there is no rule `mx`: did you mean `max`?
    name: String,
}

#[derive(Form)]
pub struct Bounds {
    #[field(max = "3")]
//                ^^^ expected a whole number
    name: String,
}

#[derive(Form)]
pub struct Names {
    #[field(name = "Pick Up")]
//                 ^^^^^^^^^ expected a name such as `pick-up`, got `Pick Up`
    name: String,
}

#[derive(Choice)]
pub enum Fields {
    One(u32),
//      ^^^ an option has no fields
}

#[derive(Choice)]
pub enum Twice {
    #[choice(name = "two")]
    One,
    Two,
//  ^^^ two options are named `two`
}

#[derive(Choice)]
pub enum Spoken {
    #[choice(zh = "一")]
    One,
    Two,
//  ^^^ other options have a label in `zh`, this one has none
}

#[derive(Choice)]
pub enum Misspelt {
    #[choice(lable = "One")]
//           ^^^^^ expected `name = "…"`, `label = "…"` or a language such as `zh = "…"`
    One,
}
