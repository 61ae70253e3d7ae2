//! Writes what the pages show as constants: a component keeps nothing between two
//! requests, so what it has in memory is what it was built with.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut out = String::from("pub(crate) static PRODUCTS: &[Product<'static>] = &[\n");
    for id in 1..=40 {
        let (note, cents) = (format!("Kept in a cool & dry place since <{id}> days"), 199 + id * 17);
        writeln!(out, "Product {{ id: {id}, name: \"Product number {id}\", note: {note:?}, cents: {cents} }},")?;
    }
    out.push_str("];\npub(crate) static ROWS: &[Row<'static>] = &[\n");
    for id in 1..=1_000 {
        let (stock, cents) = (id * 37 % 500, 199 + id * 17);
        writeln!(out, "Row {{ id: {id}, name: \"Product number {id}\", stock: {stock}, cents: {cents} }},")?;
    }
    out.push_str("];\n");
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("data.rs"), out)?;
    Ok(())
}
