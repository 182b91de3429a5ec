//! What the prefilter must know about element names (HTML Standard, section 13.2).

/// The role that an element plays for the prefilter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has no content and no end tag.
    Void,
    /// Cut together with everything up to its end tag.
    Cut,
    /// `<script>`: cut, unless it holds JSON-LD.
    Script,
    /// Its content is text without markup (`<title>`, `<textarea>`).
    Text,
    /// The tag is cut, its content stays.
    Bare,
    /// `<html>`, `<head>`, `<body>`: only the first one counts.
    Root,
    /// In the standard's list of active formatting elements.
    Formatting,
    /// `<p>`.
    Paragraph,
    /// Starts a block and so ends an open `<p>`.
    Block,
    /// `h1` to `h6`.
    Heading,
    /// `<li>`.
    Item,
    /// `<dt>`, `<dd>`.
    Term,
    /// `<table>`.
    Table,
    /// `<thead>`, `<tbody>`, `<tfoot>`, `<colgroup>`.
    RowGroup,
    /// `<tr>`.
    Row,
    /// `<td>`, `<th>`, `<caption>`.
    Cell,
    /// Anything else, inline.
    Inline,
}

impl Kind {
    /// White space beside such a tag is never shown.
    pub(super) fn is_block(self) -> bool {
        !matches!(
            self,
            Self::Formatting | Self::Inline | Self::Void | Self::Text
        )
    }
}

/// The longest name that means anything here.
const LONGEST: usize = 12;

/// A name as the prefilter compares it: a hash of its lower-case bytes.
pub(super) fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

/// The role of the element called `name`, in any case.
pub(super) fn kind(name: &[u8]) -> Kind {
    let mut buffer = [0_u8; LONGEST];
    let Some(lower) = buffer.get_mut(..name.len()) else {
        return Kind::Inline;
    };
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    match &*lower {
        b"a" | b"b" | b"big" | b"code" | b"em" | b"font" | b"i" | b"nobr" | b"s" | b"small"
        | b"strike" | b"strong" | b"tt" | b"u" => Kind::Formatting,
        b"p" => Kind::Paragraph,
        b"div" | b"address" | b"article" | b"aside" | b"blockquote" | b"center" | b"details"
        | b"dialog" | b"dir" | b"dl" | b"fieldset" | b"figure" | b"figcaption" | b"footer"
        | b"form" | b"header" | b"hgroup" | b"main" | b"menu" | b"nav" | b"ol" | b"pre"
        | b"section" | b"summary" | b"ul" => Kind::Block,
        b"li" => Kind::Item,
        b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Kind::Heading,
        b"area" | b"base" | b"br" | b"col" | b"embed" | b"hr" | b"img" | b"image" | b"input"
        | b"link" | b"meta" | b"param" | b"source" | b"track" | b"wbr" | b"keygen" | b"frame" => {
            Kind::Void
        }
        b"script" => Kind::Script,
        b"style" | b"noscript" | b"svg" | b"iframe" | b"noembed" | b"noframes" | b"select"
        | b"object" | b"applet" => Kind::Cut,
        b"title" | b"textarea" => Kind::Text,
        b"plaintext" | b"xmp" | b"math" | b"template" | b"frameset" | b"listing" | b"marquee"
        | b"option" | b"optgroup" => Kind::Bare,
        b"html" | b"head" | b"body" => Kind::Root,
        b"dt" | b"dd" => Kind::Term,
        b"table" => Kind::Table,
        b"thead" | b"tbody" | b"tfoot" | b"colgroup" => Kind::RowGroup,
        b"tr" => Kind::Row,
        b"td" | b"th" | b"caption" => Kind::Cell,
        _ => Kind::Inline,
    }
}
