//! What the shop sells: the only file to change when the menu does. A product's
//! `id` is kept in carts and names its picture, so it stays when the name or the
//! price changes.

use mprun::prelude::*;

/// The menu, in the order in which it is shown.
pub const MENU: &[Category] = &[
    Category {
        name: "Espresso bar",
        chinese: "浓缩",
        products: &[
            Product {
                id: "espresso",
                name: "Espresso",
                chinese: "意式浓缩",
                cents: 380,
                taste: "Syrupy; dark cherry and cocoa",
                story: "Our house blend: two parts Menglian from Yunnan, one part natural Sidama, \
                        rested nine days. 18 grams in, 38 out, 27 seconds.",
                looks: "A small white cup of espresso on its saucer",
                sizes: &[Size::Single, Size::Double],
                milk: false,
            },
            Product {
                id: "flat-white",
                name: "Flat White",
                chinese: "澳白",
                cents: 550,
                taste: "Two ristretti under thin, glossy milk",
                story: "The shortest of our milk drinks and the one the bar drinks itself. Sweet, \
                        dense, and best within five minutes.",
                looks: "A wide cup with a leaf poured into the milk",
                sizes: MUG,
                milk: true,
            },
            Product {
                id: "cappuccino",
                name: "Cappuccino",
                chinese: "卡布奇诺",
                cents: 550,
                taste: "A tall cap of foam, a dust of cocoa",
                story: "Equal parts espresso, hot milk and foam that holds the spoon. The cocoa is \
                        from a single farm in Sulawesi.",
                looks: "A blue cup with a high cap of milk foam and cocoa",
                sizes: MUG,
                milk: true,
            },
            Product {
                id: "mocha",
                name: "Mocha",
                chinese: "摩卡",
                cents: 650,
                taste: "70 % chocolate, espresso, whipped cream",
                story: "We melt real chocolate into the shot, no syrup. Rich enough to count as a \
                        dessert; ask for it with oat milk.",
                looks: "A tall glass of chocolate, coffee and milk in layers under cream",
                sizes: MUG,
                milk: true,
            },
        ],
    },
    Category {
        name: "Slow bar",
        chinese: "手冲与茶",
        products: &[
            Product {
                id: "pour-over",
                name: "Menglian Pour-over",
                chinese: "孟连手冲",
                cents: 700,
                taste: "Washed; red plum, brown sugar",
                story: "Catimor from 1,560 metres, picked in February, washed and dried on raised \
                        beds. Brewed by hand for you: please give us four minutes.",
                looks: "Coffee dripping through a white cone into a glass carafe",
                sizes: &[],
                milk: false,
            },
            Product {
                id: "cold-brew",
                name: "Cold Brew",
                chinese: "冷萃",
                cents: 620,
                taste: "Steeped eighteen hours, with orange",
                story: "Coarsely ground Sidama in cold water overnight, poured over clear ice with \
                        a wheel of orange. Low in acid, not in caffeine.",
                looks: "A tall glass of iced coffee with a slice of orange",
                sizes: &[Size::Regular, Size::Large],
                milk: false,
            },
            Product {
                id: "jasmine-pearls",
                name: "Jasmine Pearls",
                chinese: "茉莉龙珠",
                cents: 580,
                taste: "Green tea, scented over six nights",
                story: "Hand-rolled Fuding buds laid among fresh jasmine six nights in a row. A \
                        pot gives three infusions; we refill the water.",
                looks: "A glass teapot with unfolding pearls of green tea",
                sizes: &[],
                milk: false,
            },
            Product {
                id: "matcha-latte",
                name: "Matcha Latte",
                chinese: "抹茶拿铁",
                cents: 680,
                taste: "Stone-milled Uji, whisked to order",
                story: "Three grams of ceremonial Uji matcha, sieved and whisked in the bowl, then \
                        steamed milk. Not sweetened unless you ask.",
                looks: "A dark bowl of green matcha beside a bamboo whisk",
                sizes: MUG,
                milk: true,
            },
        ],
    },
    Category {
        name: "Bakery",
        chinese: "烘焙",
        products: &[
            Product {
                id: "croissant",
                name: "Butter Croissant",
                chinese: "可颂",
                cents: 420,
                taste: "27 layers, baked at six",
                story: "Cultured butter from Normandy, three folds, two nights in the cold. Out of \
                        the oven at six and usually gone by eleven.",
                looks: "A golden croissant on a white plate",
                sizes: &[],
                milk: false,
            },
            Product {
                id: "cinnamon-roll",
                name: "Cinnamon Roll",
                chinese: "肉桂卷",
                cents: 480,
                taste: "Soft crumb, Guangxi cassia, icing",
                story: "Milk-bread dough rolled around brown sugar and cassia bark that we grind \
                        ourselves. We warm it for you.",
                looks: "A cinnamon roll with white icing on a plate",
                sizes: &[],
                milk: false,
            },
            Product {
                id: "cheesecake",
                name: "Basque Cheesecake",
                chinese: "巴斯克",
                cents: 650,
                taste: "Burnt on top, nearly liquid inside",
                story: "Cream cheese, eggs, sugar and a very hot oven. No base, no fruit, nothing \
                        to hide behind.",
                looks: "A slice of cheesecake with a dark, burnt top",
                sizes: &[],
                milk: false,
            },
            Product {
                id: "sesame-cookie",
                name: "Black Sesame Cookie",
                chinese: "黑芝麻曲奇",
                cents: 320,
                taste: "Roasted sesame, sea salt, brown butter",
                story: "Black sesame ground to a paste, whole white sesame for the bite. Made with \
                        rice flour, so without gluten.",
                looks: "Three black sesame cookies, one of them bitten",
                sizes: &[],
                milk: false,
            },
        ],
    },
];

/// The sizes of everything that comes in a mug.
const MUG: &[Size] = &[Size::Small, Size::Regular, Size::Large];

/// A part of the menu.
pub struct Category {
    /// Its heading.
    pub name: &'static str,
    /// The same for the board behind the bar.
    pub chinese: &'static str,
    /// What belongs to it.
    pub products: &'static [Product],
}

/// Something that can be ordered.
pub struct Product {
    /// Its name in carts, addresses and picture files. Never changes.
    pub id: &'static str,
    /// What customers read.
    pub name: &'static str,
    /// What the board behind the bar says.
    pub chinese: &'static str,
    /// The price in cents, in the first size and with the first milk.
    pub cents: u32,
    /// One line for the menu.
    pub taste: &'static str,
    /// A few sentences for its own page.
    pub story: &'static str,
    /// What the picture shows, for those who cannot see it.
    pub looks: &'static str,
    /// What sizes there are; empty if there is one only.
    pub sizes: &'static [Size],
    /// Whether the customer chooses a milk.
    pub milk: bool,
}

impl Product {
    /// The product with this id, if it is (still) on the menu.
    pub fn find(id: &str) -> Option<&'static Self> {
        let mut products = MENU.iter().flat_map(|category| category.products);
        products.find(|product| product.id == id)
    }

    /// Where its picture is.
    pub fn picture(&self) -> String {
        format!("asset:pictures/{}.svg", self.id)
    }

    /// The price of one, in cents.
    pub fn price(&self, size: Option<Size>, milk: Option<Milk>) -> u32 {
        self.cents + size.map_or(0, Size::cents) + milk.map_or(0, Milk::cents)
    }
}

/// How much of it.
#[derive(Choice, State, Clone, Copy, PartialEq, Debug)]
pub enum Size {
    /// One shot.
    Single,
    /// Two shots.
    Double,
    /// 180 ml.
    Small,
    /// 240 ml.
    Regular,
    /// 350 ml.
    Large,
}

impl Size {
    /// What it costs more than the smallest, in cents.
    pub fn cents(self) -> u32 {
        match self {
            Self::Single | Self::Small => 0,
            Self::Regular => 60,
            Self::Double => 90,
            Self::Large => 120,
        }
    }
}

/// Which milk.
#[derive(Choice, State, Clone, Copy, PartialEq, Debug)]
pub enum Milk {
    /// From the dairy in Kranji.
    Whole,
    /// Oats.
    Oat,
    /// Soy beans, unsweetened.
    Soy,
}

impl Milk {
    /// What it costs more than whole milk, in cents.
    pub fn cents(self) -> u32 {
        match self {
            Self::Whole => 0,
            Self::Soy => 50,
            Self::Oat => 80,
        }
    }
}
