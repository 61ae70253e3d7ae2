//! Tables at any width.

use super::{Area, plain};

/// A table whose rows are lists of cells; the first row is one of headings.
fn table(rows: &[&[&str]]) -> String {
    let row = |(at, cells): (usize, &&[&str])| {
        let scope = if at == 0 { r#" scope="column""# } else { "" };
        let cells: String = cells.iter().map(|cell| format!("<table-cell{scope}>{cell}</table-cell>")).collect();
        format!("<table-row>{cells}</table-row>")
    };
    let rows: String = rows.iter().enumerate().map(row).collect();
    format!(r#"<table label="Menu">{rows}</table>"#)
}

const HEADINGS: &[&str] = &["<text>Drink</text>", "<text>Size</text>", "<text>Price</text>", "<text>Note</text>"];

#[test]
fn columns_line_up_under_a_rule() {
    let markup = r#"<table label="Prices"><table-row><table-cell scope="column"><text>Drink</text></table-cell><table-cell scope="column" align="end"><text>Price</text></table-cell></table-row><table-row><table-cell scope="row"><text>拿铁</text></table-cell><table-cell align="end"><text>4.20</text></table-cell></table-row></table>"#;
    assert_eq!(plain(markup, 40), "Prices\nDrink  Price\n─────  ─────\n拿铁    4.20\n");
    let page = super::page(markup, 40);
    let bold: Vec<_> = page
        .lines
        .iter()
        .flat_map(|line| line.spans.iter().filter(|span| span.style.bold).map(|span| span.text.as_str()))
        .collect();
    assert_eq!(bold, ["Prices", "Drink", "Price", "拿铁"], "headings of columns and rows stand out");
}

#[test]
fn cells_are_broken_into_lines_where_there_is_little_room() {
    let markup = table(&[
        &["<text>Drink</text>", "<text>Price</text>"],
        &["<text>A description that is long</text>", "<text>12.00</text>"],
        &["<text>Tea</text>", "<text>3.00</text>"],
    ]);
    assert_eq!(
        plain(&markup, 20),
        "Menu\nDrink          Price\n─────────────  ─────\nA description  12.00\nthat is long\nTea            3.00\n"
    );
}

#[test]
fn what_cannot_be_broken_is_cut() {
    let markup = table(&[
        &["<text>a</text>", "<text>b</text>"],
        &[r#"<button on:tap="add">Add to cart</button>"#, "<text>Caffe latte</text>"],
    ]);
    let page = super::page(&markup, 20);
    assert_eq!(page.to_plain(), "Menu\na          b\n─────────  ─────────\n[ Add to…  Caffe\n           latte\n");
    assert_eq!(page.controls[0].area, Area { line: 3, column: 0, width: 9, height: 1 });
}

#[test]
fn where_columns_would_be_too_narrow_each_row_is_a_paragraph() {
    let cells: &[&str] =
        &["<text>Caffe latte</text>", "<text>medium</text>", "<text>4.20</text>", "<text>with oats or anything</text>"];
    let markup = table(&[HEADINGS, cells, cells]);
    let row = "Drink: Caffe latte\nSize: medium\nPrice: 4.20\nNote:\nwith oats or\nanything\n";
    assert_eq!(plain(&markup, 20), format!("Menu\n\n{row}\n{row}"));
    // The same with more room is a table.
    assert!(plain(&markup, 60).starts_with("Menu\nDrink        Size    Price  Note\n"));
}

#[test]
fn a_heading_that_can_be_used_is_never_left_out() {
    let sort = r#"<button on:tap="sort">Sort by price</button>"#;
    let markup = table(&[
        &["<text>Drink</text>", "<text>Size</text>", sort, "<text>Note</text>"],
        &["<text>Caffe latte</text>", "<text>medium</text>", "<text>4.20</text>", "<text>with oats</text>"],
    ]);
    let page = super::page(&markup, 20);
    assert!(page.to_plain().contains("[ Sort by price ]"), "{}", page.to_plain());
    assert!(page.to_plain().contains("Sort by price: 4.20\n"), "{}", page.to_plain());
    assert_eq!(page.controls.len(), 1);
}

#[test]
fn rows_need_not_be_equally_long() {
    let markup = table(&[&["<text>a</text>", "<text>b</text>"], &["<text>c</text>"], &[]]);
    assert_eq!(plain(&markup, 20), "Menu\na  b\n─  ─\nc\n");
}
