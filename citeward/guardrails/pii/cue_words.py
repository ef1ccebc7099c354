"""The words that say what a number is, in the languages in which questions come.

Phrases are in small letters, their words separated by one space, whatever stands there in a text: `api key` is found in
`API-Key`, `api_key` and `apiKey`. A phrase with a colon is one only where a colon follows.
"""

from __future__ import annotations

from collections.abc import Mapping

PHRASES: Mapping[str, str] = {
    "passport": """passport, passports, passeport, reisepass, reisepassnummer, passnummer, pasaporte, passaporte,
        passaporto, paspoort, paszport, паспорт, паспорта, pasaport, pass nr, pas nr""",
    "licence": """driver s license, driver license, drivers license, driver s licence, driver licence,
        drivers licence, driving license, driving licence, driver s permit, driver permit, driving permit,
        license number, licence number, license no, licence no, license id, licence id, dl no, dl number, dl:,
        führerschein, führerscheinnummer, permis de conduire, carnet de conducir, licencia de conducir,
        patente di guida, prawo jazdy, rijbewijs""",
    "account": """bank account, checking account, savings account, current account, bank acct, checking acct,
        savings acct, account number, account no, account nr, acct number, acct no, acct nr, account:, acct:,
        konto, kontonummer, kontonr, konto nr, numéro de compte, número de cuenta, numero di conto,
        número da conta, rekeningnummer, numer konta, номер счета, номер счёта, расчетный счет""",
    "card": """card, cards, cc, visa, mastercard, amex, maestro, kreditkarte, kreditkartennummer, karte,
        kartennummer, carte, carte bancaire, carte bleue, tarjeta, tarjeta de crédito, cartão, carta di credito,
        kaart, karta, karty, карта, карты, карту, картой, kart, kartı, kort""",
    "social": "ssn, ssns, social security, social",
    "taxpayer": "itin, taxpayer id, taxpayer identification",
    "health": "nhs",
    "phone": """phone, phones, telephone, telephones, smartphone, smartphones, tel, mobile, mob, cell, cellphone,
        cellphones, fax, call, calls, called, calling, dial, dialed, dialled, dialing, dialling, reach, reached,
        reachable, ring, sms, text, text me, texts me, whatsapp, telegram, viber, landline, hotline, answering,
        receiving messages, get messages, getting messages, my registered, his registered, her registered,
        registered phone, registered mobile, contact, contact me, ext, my number, his number, her number,
        our number, their number, your number, this number, office:, desk:, home:, work:, kontakt, telefon,
        telefonnummer, telefonisch, handy, handynummer, mobil, mobilnummer, mobilfunk, rufnummer, festnetz,
        durchwahl, anrufen, erreichbar, erreichst, erreichen, rufe, anruf, meine nummer, téléphone, tél, portable,
        numéro de téléphone, appelez, appelle, appeler, joindre, joignable, mon numéro, teléfono, móvil, celular,
        llame, llama, llámame, llamar, mi número, telefone, telemóvel, ligue, ligar, meu número, telefono,
        cellulare, chiamami, chiamare, mio numero, telefoon, telefoonnummer, mobiel, bel, bellen, gsm, telefonu,
        komórka, zadzwoń, numer telefonu, mój numer, mobilní, mobiltelefon, ring mig, puhelin, puhelinnumero,
        τηλέφωνο, κινητό, τηλ, телефон, телефона, телефону, тел, моб, мобильный, звоните, позвоните, позвони,
        звонить, мой номер, номер телефона, дзвоніть, cep, cep telefonu, numaram, điện thoại, đt, telepon, هاتف,
        جوال, موبايل, اتصل, הטלפון, טלפון, נייד, फ़ोन, फोन, मोबाइल""",
    "password": """password, passwords, passwd, pwd, pw, pass phrase, passphrase, passcode, pass:, pass word, secret,
        secret key, api key, api keys, api token, access key, access token, account key, auth token,
        refresh token, client secret, shared access key, private key, encryption key, signing key, storage key,
        bearer, authorization basic, credential, credentials, login:, passwort, passwörter, kennwort, kennwörter,
        zugangscode, zugangsdaten, geheimwort, losung, api schlüssel, mot de passe, mots de passe, mdp,
        code secret, clé api, clé secrète, contraseña, contrasena, contraseñas, clave, clave de acceso,
        clave secreta, senha, senhas, palavra passe, palavra chave, parola d ordine, parola, parola segreta,
        parole chiave, wachtwoord, wachtwoorden, lösenord, adgangskode, kodeord, passord, salasana, jelszó, hasło,
        hasła, heslo, hesla, geslo, lozinka, şifre, şifrem, şifresi, parolam, slaptažodis, parool, aðgangsorð,
        lykilorð, κωδικός, κωδικό, κωδικός πρόσβασης, пароль, пароля, паролем, паролю, парол, парола, лозинка,
        mật khẩu, kata sandi, sandi, katalaluan, nenosiri, wagwoord, كلمة المرور, كلمة السر, סיסמה, סיסמא, הסיסמה,
        पासवर्ड, পাসওয়ার্ড, گذرواژه, رمز عبور""",
    "numbering": """version, versions, ver, v, release, releases, build, firmware, section, sections, sec,
        chapter, chapters, clause, paragraph, article, figure, fig, table, appendix, annex, step, revision, rev,
        upgrade, upgraded, downgrade, patch, rule, requirement, oid, abschnitt, kapitel, ziffer, absatz,
        abbildung, tabelle, fassung, ausgabe, punkt, chapitre, paragraphe, versión, versão, versione, sección,
        capítulo, seção, sezione, capitolo, versie, hoofdstuk, wersja, rozdział, версия, версии, версию, раздел,
        пункт, глава, sürüm, bölüm, phiên bản""",
    "other": """order, orders, po, invoice, invoices, ticket, tickets, ref, refs, reference, case, cases, zip,
        post code, postal code, postcode, serial, isbn, issn, ean, gtin, upc, asin, doi, tracking, sku, model,
        population, year, years, address, id, ids, identifier, uuid, guid, hash, checksum, timestamp, timestamps,
        epoch, unix, unixtime, created, modified, expires, expiry, iat, exp, nbf, count, counts, counter, total,
        totals, sum, amount, amounts, price, prices, cost, costs, revenue, budget, quantity, qty, rows, row,
        records, bytes, size, offset, index, port, pid, page, pages, part, item, items, product, products, batch,
        lot, transaction, txn, session, seed, score, calculate, compute, divide, divided, multiply, multiplied,
        plus, minus, times, sqrt, root, modulo, factorial, prime, what is, how much is, imei, iccid, catalog,
        catalogue, parcel, shipment, bestellung, bestellnummer, auftrag, auftragsnummer, rechnung,
        rechnungsnummer, kundennummer, artikel, artikelnummer, seriennummer, sendungsnummer, aktenzeichen, betrag,
        summe, anzahl, zeitstempel, einwohner, commande, facture, référence, montant, pedido, factura, referencia,
        importe, cantidad, fatura, ordine, fattura, bestelling, factuur, zamówienie, faktura, заказ, заказа,
        счет фактура, артикул, сумма, количество""",
}
"""By cue, phrases of scripts that put spaces between words."""

COMPOUNDS: Mapping[str, str] = {
    "password": "passwort kennwort wachtwoord lösenord password passphrase",
    "phone": "telefonnummer handynummer rufnummer mobilnummer telefoonnummer telefon",
    "account": "kontonummer rekeningnummer",
    "card": "kartennummer kreditkarte",
    "other": "bestellnummer artikelnummer seriennummer rechnungsnummer auftragsnummer kundennummer",
}
"""By cue, how compounds end."""

UNSPACED: Mapping[str, str] = {
    "passport": "护照 護照 パスポート 旅券 여권",
    "licence": "驾照 驾驶证 運転免許 운전면허",
    "account": "账号 帐号 银行账户 口座番号 계좌번호 계좌",
    "card": "卡号 信用卡 银行卡 卡號 カード番号 クレジットカード カード 카드번호 카드 บัตรเครดิต บัตร",
    "phone": """☎ ☏ ✆ 🕿 📞 📱 📲 电话 電話 手机 手機 致电 联系 聯絡 拨打 打给 打給 传真 微信 短信 携帯 連絡先
        ファックス 전화 휴대폰 핸드폰 연락처 연락 โทรศัพท์ โทร เบอร์ มือถือ""",
    "password": """密码 密碼 口令 通行码 密钥 金鑰 パスワード 暗証番号 合言葉 秘密鍵 비밀번호 암호 패스워드
        รหัสผ่าน รหัสลับ ពាក្យសម្ងាត់ ລະຫັດຜ່ານ စကားဝှက်""",
    "numbering": "版本 章节 章節 バージョン 버전 เวอร์ชัน",
    "other": """订单 訂單 编号 編號 单号 單號 注文番号 注文 時間戳 时间戳 金额 金額 数量 總數 人口 总数 주문번호
        주문 송장 금액 수량 คำสั่งซื้อ จำนวน""",
}
"""By cue, words of scripts that put no spaces between words, found wherever they stand."""

ABBREVIATED = frozenset({"tel", "tél", "mob", "fax", "ext", "no", "nr", "acct", "тел", "моб", "τηλ", "sec", "fig"})
"""Cues that a full stop may follow without ending the sentence."""
