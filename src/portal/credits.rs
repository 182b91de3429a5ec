//! Bylines in every form that portals use, with what they mean.

use super::model::{BodyByline, Credit};
use super::rng::Rng;
use super::truth::TruthPerson;
use super::words;

/// How many forms [`credit`] knows.
pub(super) const FORMS: usize = 20;

fn person(name: &str, roles: &[&'static str]) -> TruthPerson {
    TruthPerson {
        name: name.to_owned(),
        roles: roles.to_vec(),
    }
}

/// The byline of form `form` (modulo [`FORMS`]).
pub(super) fn credit(form: usize, rng: &mut Rng) -> Credit {
    let (a, mut b, mut c) = (
        words::pen_name(rng),
        words::person(rng),
        words::pen_name(rng),
    );
    // Two people of one byline never share a name.
    while b == a {
        b = words::person(rng);
    }
    while c == a {
        c = words::pen_name(rng);
    }
    let mut credit = Credit::default();
    match form % FORMS {
        0 => {
            credit.line = Some(format!("Tin, ảnh: {a}"));
            credit.people = vec![person(&a, &["text", "photo"])];
        }
        1 => {
            credit.line = Some(b.clone());
            credit.people = vec![person(&b, &["text"])];
        }
        2 => {
            credit.registered = vec![(words::alias(&b), b.clone())];
            credit.people = vec![person(&b, &["text"])];
        }
        3 => {
            credit.registered = vec![(words::alias(&a), a.clone()), (words::alias(&b), b.clone())];
            credit.people = vec![person(&a, &["text"]), person(&b, &["text"])];
        }
        4 => {
            credit.body = Some((BodyByline::Right, a.clone()));
            credit.people = vec![person(&a, &["text"])];
        }
        5 => {
            credit.body = Some((BodyByline::Bold, format!("Bài, ảnh: {b}")));
            credit.people = vec![person(&b, &["text", "photo"])];
        }
        6 => {
            credit.body = Some((
                BodyByline::Glued,
                format!("Bài và ảnh: {}", a.to_uppercase()),
            ));
            credit.people = vec![person(&a, &["text", "photo"])];
        }
        7 => {
            credit.source_line = Some("Báo Nhân Dân".to_owned());
            credit.source = Some("Báo Nhân Dân".to_owned());
        }
        8 => {
            credit.line = Some("H.T".to_owned());
            credit.people = vec![person("H.T", &["text"])];
        }
        9 => {
            credit.line = Some(format!("{a} - {c}"));
            credit.people = vec![person(&a, &["text"]), person(&c, &["text"])];
        }
        10 => credit.line = Some("admin".to_owned()),
        11 => {
            credit.line = Some(a.clone());
            credit.body = Some((BodyByline::Right, format!("Ảnh: {c}")));
            credit.people = vec![person(&a, &["text"]), person(&c, &["photo"])];
        }
        12 => {
            credit.line = Some(format!("Nội dung: {a} - Đồ họa: {b} - Ảnh: {c}"));
            credit.people = vec![
                person(&a, &["text"]),
                person(&b, &["graphics"]),
                person(&c, &["photo"]),
            ];
        }
        13 => {
            credit.body = Some((BodyByline::Right, format!("BTV: {a}")));
            credit.people = vec![person(&a, &["editor"])];
        }
        14 => {}
        15 => {
            credit.body = Some((BodyByline::Right, "(Theo TTXVN)".to_owned()));
            credit.source = Some("TTXVN".to_owned());
        }
        16 => {
            credit.body = Some((BodyByline::Spaced, format!("Tin, ảnh: {a}")));
            credit.people = vec![person(&a, &["text", "photo"])];
        }
        17 => {
            credit.line = Some("Phóng viên Điện tử".to_owned());
            credit.organisations = vec!["Phóng viên Điện tử".to_owned()];
        }
        18 => {
            credit.line = Some(format!("Video: {b}"));
            credit.people = vec![person(&b, &["video"])];
        }
        _ => {
            credit.line = Some(format!("Biên dịch: {a} (Theo Xinhua)"));
            credit.people = vec![person(&a, &["translator"])];
            credit.source = Some("Xinhua".to_owned());
        }
    }
    credit
}

/// The author line of the article that imitates the project's first specification.
pub(super) fn minh_thuy() -> Credit {
    Credit {
        line: Some("Tin, ảnh: Minh Thùy".to_owned()),
        people: vec![person("Minh Thùy", &["text", "photo"])],
        ..Credit::default()
    }
}
