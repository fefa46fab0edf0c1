/**
 * The words that the rules are made of, by class, terms between commas. A term is a word or a phrase; `*` stands for any
 * letters at its end or beginning, ` .. ` for up to three words between. Scripts without spaces are found anywhere. Terms
 * are written as people write them and folded like the prompt.
 */

const CLASSES = {
  /** Removed before the rules look: none of these is what its words say. */
  harmless: `
    killer whale*, killer heels, dressed to kill, kill the lights, killing time, naked mole rat*, naked eye, naked flame*, bath bomb*,
    seed bomb*, photo bomb*, glitter bomb*, cherry bomb*, water bomb*, chocolate bomb*, bomb shaped, cake bomb*, hot dog*,
    shoot* a film, shoot* a movie, photo shoot*, water gun*, glue gun*, nail gun*, toy gun*, paint stripper*, nude lipstick,
    nude coloured, nude colored, nude beige, nude heels, nude pink, nude tones, anal fin*, blood orange*, trump card*, adult swim,
    baby shower*, garlic crush*, rat race, sex pistols, sex and the city, sex education, life hack*, suicide squad, dead sea,
    virgin forest, ape suit, naked truth, naked cake*, half naked tree*, nude mouse, great tits, blue tits, coal tits, marsh tits,
    willow tits, crested tits, long tailed tits, tits on a branch, rape field*, rape seed*, oilseed rape, rape blossom*, gore tex,
    al gore, in a minor, in b minor, in c minor, in d minor, in e minor, in f minor, in g minor, minor key, minor chord*,
    minor league*, ursa minor, asia minor, canis minor, tortured artist*, tortured poet*, defus* a bomb, draw a bomb, bomb disposal,
    bomb cyclone*, bomb shelter*, bomb squad*, grease nipple*, bottle nipple*`,

  explicit: `
    boob, boobs, tits, titties, nipple, nipples, her breasts, bare breast, big breasts, woman breasts, crotch, private parts, bare ass,
    bare butt, groping, gropes, fondling, fondles, copulat*, fornicat*, making .. love explicit, passionate love explicit,
    explicit love, dominatrix, steamy bedroom, bedroom scene explicit, sexual position*, missionary position, doggy style, jerking off,
    jerks off, wanking, porn*, pr0n, pron movie, *porn, *pornvideo*, hentai*, blowjob*, blow job*, handjob*, masturbat*, ejaculat*,
    cumshot*, creampie*, orgy, orgies, gangbang*, anal sex, oral sex, group sex, having sex, have sex, has sex, had sex, sex scene*,
    sex video*, sexvideo*, sex tape*, sextape*, sex film*, sex act*, sex doll*, sex toy*, sex dungeon*, hardcore sex, xxx film*,
    xxx video*, xxx movie*, xxx adult, nsfw, genital*, penis, penises, vagina*, vulva*, clitoris, fellatio, cunnilingus, erotic*, bdsm,
    bukkake, dildo*, sexual intercourse, sexual act*, sexual scene*, sexually explicit, striptease*, strip tease*, strip dance*,
    camgirl*, camel toe, upskirt*, fucking each other, fucked by, fucks her, fucks him, making love naked, bare breasts, bare breasted,
    nude scene*, nudes, softcore, rule34, rule 34, onlyfans, milf*, deepthroat*, facesitting, threesome*, lap dance*, lapdance*,
    orgasm*, adult film*, nakedgirl*, nakedwom*, nakedlad*, nakedman, nakedmen, nudegirl*, nudewom*, nudelad*, nudeman, nudemen,
    nudeboy*, sexygirl*, порно*, порнух*, эротик*, секс видео, занимаются сексом, занимается сексом, минет*, хентай*, πορνο*, τσοντα*,
    色情, 成人片, 性交, 做爱, 做愛, av女优, 口交, 手淫, ポルノ, エロ, セックス, アダルトビデオ, オナニー, 포르노, 야동, 섹스, 음란, إباحي*, اباحي*, سكس, अश्लील*, पोर्न*, सेक्स,
    سكسي, פורנו*, หนังโป๊, phim sex, khiêu dâm, bokep, film lucah, geschlechtsverkehr, beim sex, teniendo sexo,
    haciendo el amor desnud*, transando, faisant l amour nu*, seks video*, sesso esplicito, sesso orale, sexo oral, sexo anal,
    sexe explicite, sikis*, seks sahnesi, uprawiają seks, wichsen, ficken, fickt, baise une, scopata, naga kobieta, nagie kobiety,
    mulher pelada, mulheres peladas`,
  nude: `
    without any clothes, without .. clothes on, without .. clothing, wearing nothing, in the nude, nothing on but, fully exposed,
    full frontal, unclad, no pants on, sin ropa, senza vestiti, ohne kleid*, ohne klamotten, sans vêtement*, sem roupa*, zonder kleren,
    bez ubrań, bez ubrania, без одежды, без одягу, utan kläder, giysisiz, nude, naked, nakedness, nudity, topless, bottomless, undress,
    undresses, undressing, unclothed, no clothes, without clothes, strips naked, takes off her bra, takes off her clothes,
    takes off his clothes, taking off her clothes, disrobing, stark naked, nackt*, entblößt*, desnud*, encuerad*, nue, nues, dénudée*,
    à poil, nuda, nudo, nudi, nua, nuas, naakt*, nahá, nahé, çıplak*, naken, nakna, nøgen, goala, meztelen*, γυμνη, γυμνες, γυμνος,
    γυμνα, alaston, голая, голой, голую, голые, голых, голый, голого, обнаженн*, обнажённ*, раздет*, оголен*, роздягнен*, ערומ*, عاري*,
    عريان*, 全裸, 裸の, 裸体, 裸體, 裸身, 裸女, 裸男, 裸照, 没穿衣服, 不穿衣服, 没有穿衣, 服を着ていない, 服を脱, 옷을 벗, 옷 벗, ヌード, 脱衣, 벌거벗*, 누드, 알몸, 나체, नग्न*, नंगी, नंगा,
    नंगे, khỏa thân, telanjang, bugil, เปลือย, stripping naked, stripping for, stripping off, blote vrouw*, blote borsten`,
  suggestive: `
    sexy, sexual, sexualised, sexualized, sexualise, sexualize, seductive*, seducing, lingerie, thong, g string, fetish*, arousing,
    aroused, sensual*, lewd*, sexy underwear, stripper*, twerk*, in bed with a man, sexe, sexo, sesso, sex, kinky, intimate acts,
    making out, секс*, セクシー, 性感, 섹시*, सेक्सी`,
  sex: 'sex, sex with, lovemaking, intercourse, spreading her legs, spread legs, stripper*',
  person: `
    woman, women, man, men, girl*, boy, boys, lady, ladies, guy, guys, wife, husband, couple*, model, models, elf, elves, girlfriend*,
    boyfriend*, female*, male, males, actress*, actor*, dancer*, person, people, celebrity, celebrities, teacher*, nurse*, slave*,
    princess*, nun, nuns, bodies, body, she, he, her, him, his, mermaid*, waitress*, mother*, sister*, adult*, stripper*, frau*,
    mädchen, mann, männer, mujer*, chica*, hombre*, femme*, fille*, homme*, donna, donne, ragazza*, uomo, uomini, mulher*, homem,
    homens, garota*, vrouw*, meisje*, kobiet*, dziewczyn*, kadın*, kız, kızlar, kvinna*, kvinnor, kvinde*, γυναικ*, žena, ženy,
    женщин*, девушк*, мужчин*, парень, жінк*, 女, 男, 여자, 여성, 남자, 소녀, امرأة, امراة, نساء, بنت, رجل, فتاة, महिला*, लड़की*, औरत*, phụ nữ,
    wanita`,
  minor: `
    child, children, childs, kid, kids, toddler*, infant*, baby, babies, little girl*, little boy*, young girl*, young boy*,
    small girl*, small boy*, schoolgirl*, schoolboy*, school girl*, school boy*, underage*, under age, minor, minors, preteen*,
    pre teen*, loli, lolis, lolita*, lolicon, shota*, teen, teens, teenage*, kindergart*, jailbait, barely legal, middle schooler*,
    high schooler*, daughter, minor girl*, kinder, kindes, niña, niñas, niño, niños, fillette*, enfant*, petite fille*, garçonnet*,
    bambin*, menina*, menino*, criança*, infantil*, kindje*, dziewczynk*, dziecko, dzieci*, çocuk*, küçük kız*, dítě, παιδι*,
    κοριτσακι*, девочк*, мальчик*, ребен*, дети, детск*, детей, дівчинк*, 儿童, 兒童, 小孩, 女童, 幼女, 女孩, 少女, 少年, 子供, 子ども, 女児, 女子高生, ロリ, 소녀,
    아동, 어린이, 여고생, طفل*, أطفال, बच्च*, बालिका*, लड़की, trẻ em, anak kecil`,
  minorsAlone: `
    kinderporn*, childporn*, child porn*, nakedchild*, nudechild*, nakedkid*, csam, pedo, pedos, pedophil*, paedophil*, nacktes kind,
    nackte kinder, nackten kind*, 幼女ポルノ, 儿童色情, 아동포르노, child erotica`,

  gore: `
    behead*, decapitat*, dismember*, disembowel*, eviscerat*, mutilat*, snuff film*, snuff video*, snuff movie*, gore, gory scene*,
    gory video*, gory film*, gory death*, gory murder*, gory close up*, goug* out, gouge* .. eye*, hack* off .. limb*, sawn in half,
    blood spray*, blood spurt*, ripp* out .. heart, ripp* .. heart out, cartel execution*, execution filmed, limbs torn off,
    guts spilling, guts spill*, intestines, entrails, brains on, brain matter, skin peel*, peeling off .. skin, flayed, flaying,
    skinned alive, throat is cut, throat cut, throat slit, slit* .. throat, cut* .. throat, burn* .. alive, shot in the head,
    shoots .. in the head, execution video*, severed head*, severed limb*, bludgeon*, blood and guts, torn apart alive, eaten alive,
    stabbed to death, beaten to death, tortured to death, graphic violence, torture porn, crush fetish, cannibal* eating, enthaupt*,
    verstümmel*, decapitaci*, descuartiz*, décapit*, démembr*, decapita*, обезглав*, расчлен*, 斩首, 斬首, 肢解, 首切り, 참수, قطع رأس, onthoofd*,
    dekapitac*, kafasını kes*`,
  rape: `
    rape, rapes, raped, raping, rapist*, gang rape*, sexual assault, sexually assault*, molest*, vergewaltig*, violada, violación,
    violée, viol collectif, stupro, stuprata, estupr*, изнасил*, 强奸, 強姦, レイプ, 강간, اغتصاب, बलात्कार, tecavüz*, gwałt*, verkracht*`,
  torture: 'tortur*, folter*, пытк*, 拷问, 拷問, 고문, lynching',
  victim: `
    prisoner*, hostage*, man, men, woman, women, girl*, boy*, child, children, victim*, soldier*, scream*, blood*, animal*, dog, cat,
    cats, dogs, him, her, gefangene*`,

  group: `
    jew, jews, jewish people, muslim, muslims, islamic people, christians, hindus, sikhs, gay, gays, gay people, lesbian*,
    trans people, transgender*, homosexual*, black people, blacks, black man, black men, black woman, black women, white people,
    asians, asian people, arabs, mexicans, africans, immigrants, migrants, refugees, gypsies, roma people, disabled people, women,
    foreigners, indians, chinese people, latinos, juden, muslime, ausländer, judíos, musulmanes, juifs, musulmans, arabes, ebrei,
    judeus, евреев, евреи, мусульман*, żydów, yahudi*, 犹太人, ユダヤ人, 유대인, يهود, اليهود`,
  extermination: `
    exterminat*, gas the, gas all, gas them, gassing, kill all, killing all, kill every, kill them all, wipe* out, wiped out,
    genocide*, ethnic cleansing, lynch*, burn all, hang all, eradicat*, death to, must die, should die, deserve to die, to the ovens,
    into ovens, to the gas chamber*, killing jews, killing muslims, killing gays, killing blacks, killing black people,
    killing christians, killing immigrants, killing lesbians, killing asians, killing arabs, kill jews, kill muslims, kill gays,
    kill blacks, kill black people, kill christians, kill immigrants, kill lesbians, kill asians, kill arabs, vergasen, vergast,
    ausrotten, umbringen alle, matar a todos, tuer tous, uccidere tutti, matar todos, убить всех, уничтожить всех, zabić wszystkich,
    öldür*, 杀光, 皆殺し, 몰살, الموت ل*`,
  dehumanising: `
    apes, monkeys, rats, vermin, subhuman*, sub human*, cockroach*, parasites, pigs, as animals, like animals, as dogs, as insects,
    as filth, inferior race, lesser race, lesser human*, lower race, untermenschen, ungeziefer, ratas, крыс*, inferior to`,
  likened: 'as, are, like, shown, depicted, portrayed, drawn, praise*, glorif*',
  hateAlone: `
    heil hitler, sieg heil, white supremac*, white power rally, white power march, white power salute, praising hitler, praise hitler,
    praises hitler, hail hitler, hitler was right, glorif* .. holocaust, glorifying nazi*, nazi propaganda, holocaust never happened,
    holocaust hoax, holocaust is a lie, holocaust was a lie, kkk lynch*, kkk members, ku klux klan rally, race war, great replacement,
    niggers, nigger, faggots, kikes, judenfrei, слава гитлеру, хайль гитлер, white genocide`,

  selfHarm: `
    kill* himself, kill* herself, kill* myself, kill* yourself, kill* themselves, kys, cut* her wrist, cut* her wrists,
    slit* her wrist*, cut* his wrist, cut* his wrists, slit* his wrist*, cut* my wrist, cut* my wrists, slit* my wrist*,
    cut* your wrist, cut* your wrists, slit* your wrist*, cut* their wrist, cut* their wrists, slit* their wrist*, cut* own wrist,
    cut* own wrists, slit* own wrist*, cut* the wrist, cut* the wrists, slit* the wrist*, hang* himself, hang* herself, hang* myself,
    hang* yourself, shoot* himself in the head, shoot* herself in the head, shoot* myself in the head, shoot* yourself in the head,
    shoot* themselves in the head, shoot* itself in the head, pro ana, proana, thinspo*, starv* yourself, starv* myself,
    starv* herself, commit* suicide, committing suicide, suicide note, self harm*, selfharm*, self mutilat*, take .. own life,
    taking .. own life, ending .. own life, end .. own life, end my life, end your life, unalive*, drink* bleach, noose around .. neck,
    razor blade* .. arm*, razor blade* .. wrist*, razor .. skin, want to die, own wrists, trancher les veines, se suicider, se pendre,
    cortarse las venas, suicidarse, ahorcarse, pulsadern, selbstmord begeh*, umbringen sich, sich erhängen, tagliarsi le vene,
    suicidarsi, impiccarsi, cortar os pulsos, suicidar se, покончить с собой, самоубийств*, вскрыть вены, повеситься,
    popełnić samobójstwo, intihar*, 自杀, 自殺, 自残, リストカット, 자살, 자해, انتحار, आत्महत्या, how to off yourself, how 2 off urself,
    how 2 off yourself, how to off urself, to off myself`,
  suicide: 'suicid*, overdos*, selbstmord*, suicidio',
  encouragement: `
    tutorial*, guide*, how to, method*, painless*, instruction*, step by step, pills, die, dies, commit*, on the rails, jump*, ways to,
    anleitung, teen*, girl*`,

  instruction: `
    how to, how 2, how do i, how can i, show how, shows how, what chemicals, ingredients, do i need, without being caught,
    without getting caught, instructions, instruction, tutorial*, step by step, guide, recipe*, making of, teach me, teaches,
    explains how, ways to, diy, at home, homemade, manual, wie man, anleitung*, cómo, comment, come fare, come costruire, como fazer,
    hoe maak, jak zrobić, как сделать, как собрать, nasıl yapılır, 如何, 怎么, 制作, 作り方, 方法, 만드는, 만들기, كيف, कैसे`,
  contraband: `
    bomb, bombs, pipebomb*, pipe bomb*, bombe, bomben, bomba, bombas, explosive*, meth, methamphetamine*, crystal meth, fentanyl,
    ricin, sarin, nerve gas, nerve agent*, mustard gas, anthrax, cocaine, heroin, lsd, mdma, crack cocaine, molotov*, chlorine gas,
    ghost gun*, untraceable gun*, detonator*, napalm, thermite, landmine*, grenade*, ied, counterfeit money, shoplift*,
    break* into a house, break* into a car, full auto, bump stock*, poison gas, credit card skimm*, бомб*, взрывчат*, метамфетамин*,
    бомбу, 炸弹, 炸彈, 毒品, 冰毒, 爆弾, 覚醒剤, 폭탄, 마약, قنبلة, متفجرات, बम, sprengstoff*, explosivo*, explosif*, esplosiv*, drogen kochen,
    gun silencer*`,
  illicitAlone: `
    hack* .. bank account*, hack* .. account*, hacking into, make a bomb, build a bomb, making a bomb, building a bomb, makeabomb*,
    *makeabomb*, *buildabomb*, improvised explosive*, pipe bomb instructions, pipebomb instructions, cooking meth, cook meth,
    buy cocaine, buy heroin, buy drugs, sell drugs, shoplifting tutorial, gas to kill, poison my, poison the neighbo*, hire a hitman,
    get away with murder, smuggle drugs, smuggling people, write ransomware, make ransomware, write malware, make malware,
    create malware, build malware`,
  massViolence: `
    school shooting*, mass shooting*, school shooter*, isis recruit*, isis propaganda, recruit* .. isis, join isis, al qaeda,
    terrorist recruit*, terror manifesto, suicide bomb* vest, jihad recruit*, bombing a crowd, car ramming`,

  publicFigure: `
    donald trump, trump, joe biden, biden, kamala harris, barack obama, obama, hillary clinton, vladimir putin, putin,
    volodymyr zelensky, zelensky, zelenskyy, xi jinping, emmanuel macron, macron, angela merkel, olaf scholz, friedrich merz,
    keir starmer, boris johnson, rishi sunak, giorgia meloni, narendra modi, modi, benjamin netanyahu, netanyahu, erdogan, kim jong un,
    king charles, prince william, kate middleton, meghan markle, pope francis, pope leo, the pope, elon musk, mark zuckerberg,
    jeff bezos, bill gates, sam altman, taylor swift, beyonce, rihanna, ariana grande, billie eilish, selena gomez, justin bieber,
    kim kardashian, kylie jenner, emma watson, scarlett johansson, jennifer lawrence, gal gadot, natalie portman, margot robbie,
    zendaya, sydney sweeney, angelina jolie, brad pitt, tom cruise, leonardo dicaprio, keanu reeves, will smith, greta thunberg,
    cristiano ronaldo, lionel messi, lebron james, michelle obama, melania trump, alexandria ocasio cortez, oprah winfrey,
    jenna ortega, millie bobby brown`,
  target: `
    celebrity, celebrities, actress*, actor*, president*, prime minister*, politician*, senator*, pop star*, singer*, influencer*,
    streamer*, ex, ex girlfriend*, ex boyfriend*, ex wife, ex husband, neighbour*, neighbor*, classmate*, coworker*, co worker*,
    colleague*, my teacher*, my boss, my sister, my friend*, my girlfriend, crush, real person, minister*, chancellor*, ceo`,
  forgery: `
    deepfake*, deep fake*, fake video*, fake footage, fake news clip*, fake speech, realistic fake, realistic news, realistic speech,
    news clip, leaked video, leaked footage, cloned voice`,
  compromising: `
    bikini, lingerie, underwear, kissing, kisses, making out, drunk, snort*, smok* crack, smok* meth, doing drugs, taking drugs,
    takes a bribe, taking a bribe, sexy, seductive*, surrendering, resigns, confess*, declar* war, looks real, look real,
    realistic footage, realistic clip`,
  facePut: 'face on, face onto, face swap*, faceswap*, swap* .. face, head onto',
  killed: `
    shot dead, assassinat*, being shot, killed, murdered, hanged, beheaded, executed, stabbed, burned alive, dead body`,
} as const;

export type LexiconClass = keyof typeof CLASSES;

export function termsOf(name: LexiconClass): string[] {
  return CLASSES[name].split(',').map((term) => term.trim());
}
