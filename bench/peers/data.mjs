// What the three pages show, kept in memory: the same as bench/guest keeps in
// storage, and read already.

const numbers = (count) => Array.from({ length: count }, (_, at) => at + 1);

export const PRODUCTS = numbers(40).map((id) => ({
  id,
  name: `Product number ${id}`,
  note: `Kept in a cool & dry place since <${id}> days`,
  cents: 199 + id * 17,
}));

export const ROWS = numbers(1000).map((id) => ({
  id,
  name: `Product number ${id}`,
  stock: (id * 37) % 500,
  cents: 199 + id * 17,
}));

const line = (name, label, value, type = "text") => ({ kind: "line", name, label, value, type });
const lines = (name, label, value) => ({ kind: "lines", name, label, value });
const choice = (name, label, value, options) => ({ kind: "choice", name, label, value, options });
const tick = (name, label, value) => ({ kind: "tick", name, label, value });

export const FIELDS = [
  line("first-name", "First name", "Ada"),
  line("last-name", "Last name", "Lovelace"),
  line("company", "Company", "Analytical & Sons"),
  line("email", "E-mail", "ada@example.com", "email"),
  line("phone", "Phone", "+44 20 7946 0000", "tel"),
  line("street", "Street", "St James's Square"),
  line("house", "House", "12"),
  line("floor", "Floor", "3"),
  line("postcode", "Postcode", "SW1Y 4JH"),
  line("city", "City", "London"),
  line("region", "Region", "Westminster"),
  line("country", "Country", "United Kingdom"),
  line("birthday", "Birthday", "1990-12-10", "date"),
  line("arrival", "Arrival", "09:30", "time"),
  line("people", "People", "4"),
  line("budget", "Budget", "120.50"),
  line("reference", "Reference", "A-1843"),
  line("tax-number", "Tax number", "GB 123 4567 89"),
  line("website", "Website", "https://example.com/ada?a=1&b=2"),
  line("coupon", "Coupon", "ENGINE <10>"),
  lines("note", "Note", "Please ring twice & wait."),
  lines("directions", "Directions", "Through the yard, then left."),
  choice("language", "Language", "en", [["en", "English"], ["zh", "Chinese"], ["ar", "Arabic"], ["de", "German"]]),
  choice("currency", "Currency", "gbp", [["gbp", "Pounds"], ["eur", "Euros"], ["cny", "Yuan"], ["usd", "Dollars"]]),
  choice("contact", "Reach me by", "phone", [["phone", "Phone"], ["email", "E-mail"], ["post", "Post"], ["none", "Nothing"]]),
  choice("parcel", "Parcel", "small", [["small", "Small"], ["medium", "Medium"], ["large", "Large"], ["pallet", "Pallet"]]),
  tick("news", "Send me news", true),
  tick("reminders", "Remind me", false),
  tick("gift", "This is a gift", true),
  tick("terms", "I agree to the terms", true),
];

// An amount in hundredths.
export const money = (cents) => (cents / 100).toFixed(2);

// Headers of every page, as mprun sends them.
export const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
};
