// The three pages as React components: what the JSX that one would write compiles
// to, so that nothing has to be compiled here.

import { FIELDS, PRODUCTS, ROWS, money } from "../data.mjs";

export function pages({ jsx, jsxs }) {
  const Button = ({ label, className = "mp-button" }) =>
    jsx("button", { className, name: "_h", value: "AAAAAAAAAAAAAAAA", formNoValidate: true, children: label });

  const Card = ({ product }) =>
    jsxs("li", {
      className: "mp-item mp-surface-card",
      children: [
        jsx("p", { className: "mp-text mp-strong", children: product.name }),
        jsx("p", { className: "mp-text mp-tone-muted", children: product.note }),
        jsx("p", { className: "mp-text", children: money(product.cents) }),
        jsx("button", {
          className: "mp-button",
          name: "_h",
          value: `AAAAAAAAAAAA${String(product.id).padStart(4, "0")}`,
          formNoValidate: true,
          children: "Add",
        }),
      ],
    });

  const Cell = ({ children }) => jsx("td", { className: "mp-cell", children: jsx("p", { className: "mp-text", children }) });

  const Row = ({ row }) =>
    jsxs("tr", {
      className: "mp-row",
      children: [
        jsx(Cell, { children: row.id }),
        jsx(Cell, { children: row.name }),
        jsx(Cell, { children: row.stock }),
        jsx(Cell, { children: money(row.cents) }),
      ],
    });

  const Label = ({ field }) => jsx("label", { className: "mp-label", htmlFor: `f.${field.name}`, children: field.label });

  const Control = ({ children }) => jsx("div", { className: "mp-control", children });

  const Line = ({ field }) =>
    jsxs("div", {
      className: "mp-field mp-input",
      children: [
        jsx(Label, { field }),
        jsx(Control, {
          children: jsx("input", {
            type: field.type,
            className: "mp-box",
            id: `f.${field.name}`,
            name: `f.${field.name}`,
            "aria-describedby": `h.${field.name}`,
            maxLength: 80,
            defaultValue: field.value,
          }),
        }),
        jsx("p", { className: "mp-hint", id: `h.${field.name}`, children: "At most 80 characters." }),
      ],
    });

  const Lines = ({ field }) =>
    jsxs("div", {
      className: "mp-field mp-textarea",
      children: [
        jsx(Label, { field }),
        jsx(Control, {
          children: jsx("textarea", {
            className: "mp-box",
            id: `f.${field.name}`,
            name: `f.${field.name}`,
            rows: 3,
            defaultValue: field.value,
          }),
        }),
      ],
    });

  const Choice = ({ field }) =>
    jsxs("div", {
      className: "mp-field mp-picker",
      children: [
        jsx(Label, { field }),
        jsx(Control, {
          children: jsx("select", {
            className: "mp-box",
            id: `f.${field.name}`,
            name: `f.${field.name}`,
            defaultValue: field.value,
            children: field.options.map(([value, text]) => jsx("option", { value, children: text }, value)),
          }),
        }),
      ],
    });

  const Tick = ({ field }) =>
    jsx("div", {
      className: "mp-field mp-checkbox",
      children: jsxs("div", {
        className: "mp-control",
        children: [
          jsx("input", { type: "hidden", name: `f.${field.name}`, value: "false" }),
          jsxs("label", {
            className: "mp-toggle",
            children: [
              jsx("input", {
                type: "checkbox",
                className: "mp-check",
                id: `f.${field.name}`,
                name: `f.${field.name}`,
                value: "true",
                defaultChecked: field.value,
              }),
              jsx("span", { children: field.label }),
            ],
          }),
        ],
      }),
    });

  const KINDS = { line: Line, lines: Lines, choice: Choice, tick: Tick };

  // What stands around each of them.
  const Page = ({ route, title, children }) =>
    jsxs("html", {
      lang: "en",
      dir: "ltr",
      children: [
        jsxs("head", {
          children: [
            jsx("meta", { charSet: "utf-8" }),
            jsx("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
            jsx("link", { rel: "stylesheet", href: "/_style/0123456789abcdef.css" }),
            jsx("title", { children: `${title} · Cards` }),
            jsx("script", { src: "/_live/0123456789abcdef.js", defer: true }),
          ],
        }),
        jsx("body", {
          children: jsxs("form", {
            id: "mp",
            method: "post",
            action: `/miniapp/cards-1/${route}`,
            noValidate: true,
            children: [
              jsx("button", { className: "mp-default", name: "_h", value: "", tabIndex: -1, "aria-hidden": true }),
              jsx("input", { type: "hidden", name: "_page", value: "AAAAAAAAAAAAAAAAAAAAAA" }),
              jsx("input", { type: "hidden", name: "_nonce", value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }),
              jsx("input", { type: "hidden", name: "_seq", value: "0" }),
              jsxs("header", {
                className: "mp-bar",
                children: [
                  jsx("span", { className: "mp-title", children: "Cards" }),
                  jsx("a", { className: "mp-close", href: "/", children: "Close" }),
                ],
              }),
              jsx("main", {
                className: "mp-main",
                children: jsx("div", { className: "mp-page", children: jsx("div", { className: "mp-view", children }) }),
              }),
            ],
          }),
        }),
      ],
    });

  const Cards = ({ products }) =>
    jsxs(Page, {
      route: "cards",
      title: "Products",
      children: [
        jsx("h1", { className: "mp-heading", children: "Products" }),
        jsx("p", { className: "mp-text", "aria-live": "polite", children: "In the cart: 0" }),
        jsx("ul", {
          className: "mp-list mp-layout-grid",
          role: "list",
          children: products.map((product) => jsx(Card, { product }, product.id)),
        }),
        jsx(Button, { label: "Seed" }),
      ],
    });

  const Form = ({ fields }) =>
    jsxs(Page, {
      route: "form",
      title: "Your details",
      children: [
        jsx("h1", { className: "mp-heading", children: "Your details" }),
        jsxs("section", {
          className: "mp-form",
          role: "form",
          children: [
            fields.map((field) => jsx(KINDS[field.kind], { field }, field.name)),
            jsx(Button, { label: "Save", className: "mp-button mp-type-primary" }),
          ],
        }),
        jsx(Button, { label: "Seed" }),
      ],
    });

  const Table = ({ rows }) =>
    jsxs(Page, {
      route: "table",
      title: "Price list",
      children: [
        jsx("h1", { className: "mp-heading", children: "Price list" }),
        jsx(Button, { label: "Raise a price" }),
        jsx("div", {
          className: "mp-table-box",
          role: "region",
          "aria-label": "1,000 products",
          tabIndex: 0,
          children: jsxs("table", {
            className: "mp-table",
            children: [
              jsx("caption", { children: "1,000 products" }),
              jsx("tbody", { children: rows.map((row) => jsx(Row, { row }, row.id)) }),
            ],
          }),
        }),
        jsx(Button, { label: "Seed" }),
      ],
    });

  return {
    cards: () => jsx(Cards, { products: PRODUCTS }),
    form: () => jsx(Form, { fields: FIELDS }),
    table: () => jsx(Table, { rows: ROWS }),
  };
}
