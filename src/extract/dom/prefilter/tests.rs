//! The prefilter on its own.

use super::*;

fn cut(html: &str) -> String {
    prefilter(html).html
}

#[test]
fn what_the_tree_need_not_have_is_cut() {
    assert_eq!(
        cut(
            "<!doctype html><p>a<!-- x <p> -->b</p><script>if (a<b) '</p>'</script><style>p{}</style>c"
        ),
        "<!doctype html><p>ab</p>c"
    );
    assert_eq!(cut("a<!-->b<!--->c<!-- open"), "abc");
    let json = "<script type=\"application/ld+json\">{\"a\":1}</script>";
    assert_eq!(cut(json), json);
    assert_eq!(
        cut("<a onclick='x>y' href=\"/a\" srcset=1>t</a>"),
        "<a  href=\"/a\" >t</a>"
    );
    assert_eq!(
        cut("<img src='data:x'>1 < 2 <3"),
        "<img src='data:x'>1 < 2 <3"
    );
    assert_eq!(cut("<title>a <b> c</title>x"), "<title>a <b> c</title>x");
    assert_eq!(cut("<?xml version=1?><svg><p>x</svg>y"), "y");
}

#[test]
fn formatting_ends_with_its_block() {
    assert_eq!(cut("<p><b>a</p><p>b</p>"), "<p><b>a</b></p><p>b</p>");
    assert_eq!(cut("<p><b>a<p>b"), "<p><b>a</b><p>b");
    assert_eq!(cut("<li><i>a<li>b"), "<li><i>a</i><li>b");
    assert_eq!(cut("<b><p>a</b>b</p>"), "<b><p>a</b>b</p>");
}

#[test]
fn nesting_is_bounded_and_text_kept() {
    for tag in ["div", "b", "font", "span", "table", "ul", "x-y"] {
        let deep = format!("<{tag}>").repeat(100_000) + "text";
        let got = prefilter(&deep);
        assert!(got.html.matches('<').count() <= MAX_DEPTH, "{tag}");
        assert!(got.html.ends_with("text"));
    }
    let balanced = "<div>".repeat(1000) + "text" + &"</div>".repeat(1000) + "<p>after</p>";
    let got = cut(&balanced);
    assert_eq!(got.matches("<div>").count(), got.matches("</div>").count());
    assert!(got.ends_with("<p>after</p>"));
    let unclosed = "<ul>".to_owned() + &"<li>x".repeat(1000) + "</ul>";
    assert_eq!(cut(&unclosed).matches("<li>").count(), 1000);
    let cells = "<table>".to_owned() + &"<tr><td>x".repeat(1000) + "</table>";
    assert_eq!(cut(&cells).matches("<td>").count(), 1000);
}

#[test]
fn attributes_are_bounded() {
    let many: String = (0..100_000).map(|n| format!(" a{n}=1")).collect();
    let got = prefilter(&format!("<p{many}>text</p>"));
    assert_eq!(got.html.matches('=').count(), MAX_ATTRIBUTES);
    assert!(got.html.ends_with("text</p>"));
    assert_eq!(got.warnings[0].code, "markup_attributes");
}

proptest::proptest! {
    #[test]
    fn never_panics_and_keeps_words(parts in proptest::collection::vec("(<[/!?]?[a-z]{1,5}|[ >\"'=-]|</(p|b|div|td|script)>|<(p|b|a|li|td|table|script|!--)>|ưx)", 0..60)) {
        let html = parts.concat();
        let _ = crate::extract::dom::parse(&html);
    }
}
