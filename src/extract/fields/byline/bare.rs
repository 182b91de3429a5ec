//! What a line without any label may be: a person's name or an organisation's, told from mottos,
//! headings, places and sentences.
//!
//! A missing byline is a lesser evil than an invented one: what is not clearly a name is none.

use super::{names, offices, outlets};
use crate::extract::fields::places;
use crate::extract::fields::text;
use foldhash::HashSet;
use std::sync::LazyLock;

/// Family names, of the Kinh and of the peoples of the mountains and of the Central Highlands.
const FAMILIES: &str = "\
    nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý lí đinh đào đoàn \
    lâm mai trịnh trương tô tạ tăng cao chu châu hà hứa kiều la lại lương lưu mạc nghiêm \
    phí phó phùng quách tống từ thái thạch thân tôn triệu trình ứng văn vương viên âu bạch \
    ninh quan giáp khổng khuất lã lữ mã ma mẫn nhữ ngụy nguỵ đàm đồng đường đậu diệp doãn \
    giang hàn kim khúc lục lô mông nông ngọ nhâm ôn phù sầm sơn sái tiêu tưởng thi thiều \
    thẩm trà trang tòng tường ung vi vòng xa yên lò lường quàng quảng vàng giàng sùng thào \
    cà mùa vừ hạng hờ lầu lù lèng ly cứ chang chảo chẻo chớ cháng cư dí dìn ga giừ già háng \
    hoảng kháng khà khoàng khờ lỳ lừu lỷ mào mè mùi má ngải ngần pờ phàn phừ pòng sần sìn \
    sí sín tao tẩn tẳn thàng thảo tráng tếnh vạ vảng vì vù vầy xồng lềm cầm bạc điêu lèo \
    liềng nùng leng lử mộng bế bàn đèo điểu ksor rcom rmah rơ rah siu ksơr niê mlô êban kpă \
    nay kpuih y h k";

/// Words that practically never occur in a person's name.
const STOP: &str = "\
    là của các những cho với để khi thì mà được bị đã đang sẽ không chưa phải hãy đừng này \
    kia đó nào gì ai nên nếu nhưng hoặc hay rất quá lắm cũng vẫn còn đều mọi mỗi từng trên \
    dưới ngoài giữa sau trước đến tới về ra vào lên xuống theo cùng muôn tháng ngày giờ hệ \
    sức kết tin hình ảnh video clip bài báo đọc xem tải gọi điện thoại số địa website email \
    fax hotline sở xã huyện thôn bản phường nhà nước tổ xin mời gửi hết người việc làm \
    chống xây cơ chỉ nghề mục hỏi trả nhiều ít mấy đây đấy vậy đầu lượt tệp đính kèm nhận \
    giải cuộc buổi trong qua";

/// Two syllables that are a word or a place when they stand at the head of a line, or anywhere in
/// a line that no family name begins.
const PAIRS: &str = "\
    thông tin,thông báo,thông điệp,thông cáo,liên hệ,liên kết,đoàn kết,đoàn viên,đoàn thể,\
    đoàn đại,sức mạnh,tự do,độc lập,hạnh phúc,hòa bình,an ninh,an toàn,an sinh,văn hóa,\
    văn nghệ,văn bản,văn kiện,văn minh,giáo dục,y tế,kinh tế,pháp luật,thể thao,du lịch,\
    khoa học,chính trị,chính phủ,chính sách,chính quyền,xã hội,quốc phòng,quốc hội,\
    quốc khánh,quốc tế,quốc gia,việt nam,trung quốc,thái lan,hàn quốc,nhật bản,hoa kỳ,\
    tổ quốc,nhân dân,quân đội,quân dân,công an,công tác,công đoàn,công nghệ,công nghiệp,\
    công dân,công ty,đại hội,đại biểu,đại đoàn,hội nghị,hội thi,hội thảo,hội nhập,lễ hội,\
    cách mạng,chúc mừng,năm mới,mùa xuân,mùa vàng,mùa thu,mùa hè,mùa hạ,mùa đông,mùa lúa,\
    mùa hoa,mùa màng,cao nguyên,cao điểm,cao tốc,đồng bằng,đồng bào,đồng chí,đồng lòng,\
    đồng thuận,đồng hành,đồng tâm,nông dân,nông nghiệp,nông sản,từ thiện,lương thực,\
    quan trọng,quan tâm,viên chức,tăng cường,tăng trưởng,thân ái,thân thiện,kim ngạch,hồ sơ,\
    hồ tây,thái bình,thanh niên,thiếu niên,thiếu nhi,phụ nữ,phụ huynh,cựu chiến,trân trọng,\
    kính chào,kính báo,kính biếu,kính thưa,cảm ơn,cám ơn,cảm nghĩ,chú ý,lưu ý,lưu hành,\
    ghi chú,tác giả,tác phẩm,phóng sự,phóng viên,sự kiện,sự thật,tiêu điểm,thời sự,\
    thời tiết,đổi mới,sáng tạo,phát triển,phát huy,phát động,hội tụ,kỷ niệm,kỷ cương,\
    kỷ luật,trách nhiệm,nghĩa tình,ân tình,tình nghĩa,tình người,tình yêu,yêu thương,\
    yêu nước,quê hương,đất nước,bác hồ,hồ chí,đảng bộ,đảng viên,đảng ta,mừng đảng,mừng xuân,\
    chào mừng,chiến thắng,chiến sĩ,chiến khu,anh hùng,liệt sĩ,dân tộc,\
    dân vận,dân chủ,dân số,dân ca,giảm nghèo,sinh hoạt,học tập,học sinh,học đường,học bổng,\
    sinh viên,giáo viên,gương sáng,gương mặt,bình đẳng,bình yên,niềm vui,niềm tin,\
    hy vọng,khát vọng,ước mơ,hiện tại,quá khứ,truyền thống,bản sắc,vùng cao,\
    biên giới,biên cương,biển đảo,hải đảo,tây bắc,tây nguyên,đông bắc,việt bắc,bắc bộ,\
    trung bộ,nam bộ,đông nam,tây nam,miền núi,miền tây,sài gòn,thăng long,tham khảo,phụ lục,\
    nội dung,nội bộ,mục đích,ý nghĩa,ý kiến,yêu cầu,giới thiệu,góp ý,trang chủ,hướng dẫn,\
    tìm hiểu,tra cứu,đăng ký,đăng nhập,nơi nhận,bạn đọc,thư ngỏ,thư cảm,tâm thư,trích đoạn,\
    phần một,phần hai,chương một,bổ sung,ban hành,hiệu lực,an cư,an khang,thịnh vượng,\
    thành tích,thắng lợi,tiến bộ,tiến lên,vững bước,ấm no,sơ kết,tổng hợp,\
    tổng quan,khuyến học,khuyến nông,môi trường,tài nguyên,tài chính,giao thông,giao lưu,\
    lao động,sản xuất,dịch vụ,thương mại,thị trường,hàng hóa,giá cả,sức khỏe,đời sống,\
    gia đình,cộng đồng,con người,trẻ em,tuổi trẻ,tuổi thơ,nha trang,đà lạt,sa pa,hạ long,\
    vũng tàu,biên hòa,phan thiết,quy nhơn,việt trì,mộc châu,hội an,côn đảo,phú quốc,\
    trường sa,hoàng sa,ba đình,hoàn kiếm,pha đin,a pa,him lam,hồng cúm,tuần giáo,\
    mường thanh,long xuyên,mỹ tho,tam kỳ,đồng hới,đông hà,phan rang,thủ đức,bảo lộc,\
    rạch giá,tân trào,pác bó,ba vì,tam đảo,buôn ma,châu á,châu âu,châu phi,xem thêm,\
    kế hoạch,dự án,dự kiến,đầu tư,tài liệu,kết luận,lời bình,lời kết,lời cảm,lời ngỏ,\
    lời nói,lời chúc,mở đầu,tiêu chuẩn,tiêu chí,giải thưởng,khen thưởng,kinh nghiệm,đề nghị,\
    đề án,đề xuất,vấn đề,chủ đề,chuyên đề,chuyên mục,nhiệm vụ,nghiệp vụ,xây dựng,tuyển dụng,\
    tuyển sinh,thống nhất,thi đua,phong trào,mặt trận,quyết định,quyết tâm,chương trình,\
    quan điểm,tưởng nhớ,tưởng niệm,quảng cáo,quảng trường,đường dây,đường sắt,đường lối,\
    từ điển,kháng chiến,ứng dụng,ứng phó,vi phạm,thái độ,cao đẳng,cao cấp,hạng mục,bế mạc,\
    khai mạc,mai sau,tường thuật,tường trình,vàng son,đào tạo,đàm phán,lâm nghiệp,lâm sản,\
    lương tâm,lưu trữ,văn học,văn chương,văn thư,văn phòng,phí dịch,tiến độ,tiếp tục,\
    toàn dân,toàn quốc,toàn cảnh,tin tưởng,vui xuân,vui tết,đón xuân,xuân về,tết đến,\
    giao thừa,nghị quyết,chỉ thị,thông tư,nghị định,điều lệ,điều khoản,điều kiện,quy định,\
    quy chế,quy trình,thủ tục,danh sách,danh mục,thành phần,thành viên,thời gian,thời hạn,\
    địa điểm,bảo vệ,bảo hiểm,bảo tồn,chăm sóc,chăm lo,hỗ trợ,ủng hộ,nhân ái,nhân đạo,\
    nhân văn,tấm lòng,vòng tay,ngọn lửa,nhịp cầu,bước tiến,bước ngoặt,khởi nghiệp,\
    chuyển đổi,cải cách,hành chính,hành động,hành trình,tinh thần,ý chí,ý thức,bền vững,\
    hiệu quả,chất lượng,trân quý,mến chào";

/// Syllables that begin the names of places and things, and no person's.
const THINGS: &str = "\
    mường nậm huổi tủa pú pá buôn phố sông núi đèo chợ suối cầu tết lễ lời sổ góc quà gói đơn thủ \
    chủ thứ trăng cây vườn bác chiếc ngôi tấm dòng lớp phần mẫu bảng biểu phiếu giấy thẻ máy cửa \
    vùng miền đồi rừng biển đảo đất ruộng bếp món bánh khu cái mẹ cha cụ cô chị niềm nỗi sự lòng \
    bước phút mốc tìm giữ gìn nâng đẩy thực tiếp khai trao tặng tổng cục thuốc khám chữa vươn \
    hướng cả";

/// Syllables between a family name and a given name.
const MIDDLES: &str = "văn thị a seo";

/// Words of sentences, which no organisation's name has.
const CLAUSE: &str = "là đã sẽ đang những được không phải cần hãy để khi này thì mà có bị";

type Words = LazyLock<HashSet<String>>;

fn keys(list: &str, sign: char) -> HashSet<String> {
    list.split(sign)
        .map(|word| text::name_key(word.trim()))
        .filter(|key| !key.is_empty())
        .collect()
}

static FAMILY: Words = LazyLock::new(|| keys(FAMILIES, ' '));
static STOPS: Words = LazyLock::new(|| keys(STOP, ' '));
static PAIRED: Words = LazyLock::new(|| keys(PAIRS, ','));
static THING: Words = LazyLock::new(|| keys(THINGS, ' '));
static MIDDLE: Words = LazyLock::new(|| keys(MIDDLES, ' '));
static CLAUSES: Words = LazyLock::new(|| keys(CLAUSE, ' '));
static PROVINCES: LazyLock<Vec<String>> = LazyLock::new(|| {
    places::PROVINCES
        .iter()
        .filter(|name| name.contains(' '))
        .map(|name| text::name_key(name))
        .collect()
});

/// Whether a bare name can be a person's: two to five syllables behind a family name, a pen name
/// of two or three, or initials ("H.T").
pub(super) fn is_person(name: &str) -> bool {
    if !names::is_name(name) {
        return false;
    }
    if name.contains('.') {
        return name.len() <= 12;
    }
    let key = text::name_key(name);
    let words: Vec<&str> = key.split(' ').collect();
    let (Some(first), 2..=5) = (words.first(), words.len()) else {
        return false;
    };
    // "H'Hen Niê", "Y-Bhăm Niê": the head of the first word.
    let head = first.split(['\'', '-']).next().unwrap_or(first);
    let family = FAMILY.contains(head);
    // "Lò Văn Mừng", "Giàng A Páo": whatever the last word means.
    let middle = words.get(1).is_some_and(|word| MIDDLE.contains(*word));
    if family && middle && words.len() > 2 {
        return true;
    }
    let pair = |two: &[&str]| PAIRED.contains(&two.join(" "));
    if words.iter().any(|word| STOPS.contains(*word))
        || THING.contains(*first)
        || is_place(&key)
        || words.get(..2).is_some_and(pair)
    {
        return false;
    }
    family
        || (words.len() <= 3
            && !words.windows(2).any(pair)
            && words.iter().all(|word| names::is_syllable(word)))
}

/// A province's name, or one that begins with it ("Điện Biên Phủ").
fn is_place(key: &str) -> bool {
    PROVINCES.iter().any(|province| {
        key.strip_prefix(province.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// Whether a line is the name of an organisation that can sign a text, and no sentence, heading or
/// place: "Ban Tuyên giáo Tỉnh ủy", "HỘI NÔNG DÂN XÃ THANH YÊN".
pub(super) fn is_organisation(line: &str) -> bool {
    const PLACES: &[&str] = &[
        "xã ",
        "huyện ",
        "tỉnh ",
        "phường ",
        "thị trấn ",
        "thị xã ",
        "tp. ",
        "thành phố ",
        "vườn quốc gia ",
    ];
    let lower = line.to_lowercase();
    let words: Vec<&str> = line.split(' ').collect();
    if !(2..=12).contains(&words.len())
        || line.contains([':', '?', '!', '"', '“'])
        || line.ends_with(['.', ',', ';'])
        || offices::is_office(&lower)
        || !outlets::is_organisation(&lower)
        || PLACES.iter().any(|head| lower.starts_with(head))
        || lower
            .split(' ')
            .any(|word| CLAUSES.contains(&text::name_key(word)))
    {
        return false;
    }
    // "Ban", "Hội" and the like also begin sentences, and then the next word is in lower case.
    let long = [
        "ủy ban",
        "uỷ ban",
        "trung tâm",
        "văn phòng",
        "công an",
        "ubnd",
        "hđnd",
        "mttq",
        "ubmttq",
        "huyện ủy",
        "huyện uỷ",
        "tỉnh ủy",
        "tỉnh uỷ",
        "thành ủy",
        "thị ủy",
        "đảng ủy",
        "đảng uỷ",
        "huyện đoàn",
        "tỉnh đoàn",
        "bệnh viện",
        "liên đoàn",
        "công ty",
        "chi cục",
    ];
    long.iter().any(|head| lower.starts_with(head))
        || (words.len() >= 3
            && words
                .get(1)
                .is_some_and(|word| word.starts_with(char::is_uppercase)))
}
