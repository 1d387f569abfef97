"""What is said of keys, scopes, operators and people who sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.identity import refusals as identity
from bubuh.identity.organisations import refusals as organisations
from bubuh.identity.partners import refusals as partners
from bubuh.identity.people import refusals as people

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    identity.KeyRefused: Problem(
        status=401,
        title=Words("Kunci tidak diterima", "The key is not accepted"),
        detail=Words(
            "Sertakan header Authorization: Bearer dengan kunci API yang masih berlaku di lingkungan ini.",
            "Send an Authorization: Bearer header with a living API key of this environment.",
        ),
    ),
    identity.ScopeMissing: Problem(
        status=403,
        title=Words("Kunci tidak mencakup panggilan ini", "The key does not cover this call"),
        detail=Words("Kunci ini memerlukan cakupan {scope}.", "The key would need the scope {scope}."),
        facts=("scope",),
    ),
    identity.NotAnOperator: Problem(
        status=403,
        title=Words("Hanya untuk petugas", "For operators only"),
        detail=Words("Tindakan ini memerlukan peran {role}.", "This act needs the role {role}."),
        facts=("role",),
    ),
    identity.AccountUnknown: NOT_FOUND,
    identity.KeyUnknown: NOT_FOUND,
    identity.ScopesEmpty: Problem(
        status=422,
        title=Words("Kunci tanpa cakupan", "A key without scopes"),
        detail=Words("Sebutkan sedikitnya satu cakupan.", "Name at least one scope."),
    ),
    identity.IdempotencyConflict: Problem(
        status=422,
        title=Words("Idempotency-Key sudah dipakai", "The Idempotency-Key was used before"),
        detail=Words(
            "Kunci ini sudah dipakai untuk permintaan dengan isi lain. Pakai kunci baru.",
            "This key stands for a request with another body. Use a new one.",
        ),
    ),
    people.SignInNeeded: Problem(
        status=401,
        title=Words("Silakan masuk", "Please sign in"),
        detail=Words(
            "Halaman ini hanya untuk yang sudah masuk.", "This page is for those who are signed in."
        ),
    ),
    people.ContactUnreadable: Problem(
        status=422,
        title=Words("Alamat tidak dikenali", "The address cannot be read"),
        detail=Words(
            "Tulis nomor HP seperti 0812 3456 7890, atau alamat surel seperti nama@contoh.id.",
            "Write a mobile number like 0812 3456 7890, or an e-mail address like name@example.id.",
        ),
    ),
    people.SignInRefused: Problem(
        status=422,
        title=Words("Tidak dapat masuk", "You cannot be signed in"),
        detail=Words(
            "Alamat atau kata sandi tidak cocok. Periksa keduanya, atau atur ulang kata sandi.",
            "The address or the password is not right. Check both, or set a new password.",
        ),
    ),
    people.NameUnfit: Problem(
        status=422,
        title=Words("Nama belum sesuai", "The name is not as it should be"),
        detail=Words("Tulis nama Anda, paling banyak 100 huruf.", "Write your name, in at most 100 letters."),
    ),
    people.PasswordUnfit: Problem(
        status=422,
        title=Words("Kata sandi terlalu mudah ditebak", "The password is too easy to guess"),
        detail=Words(
            "Pakai sedikitnya 8 huruf, dan bukan kata sandi yang umum. Beberapa kata sekaligus lebih baik.",
            "Use at least 8 letters, and no common password. Several words at once are better.",
        ),
    ),
    people.ContactTaken: Problem(
        status=409,
        title=Words("Alamat ini sudah terdaftar", "This address is registered"),
        detail=Words("Silakan masuk dengan alamat itu.", "Please sign in with it."),
    ),
    people.CodeRefused: Problem(
        status=422,
        title=Words("Kode tidak cocok", "The code is not right"),
        detail=Words(
            "Kode tidak cocok. Sisa percobaan: {tries_left}. Bila habis, minta kode baru.",
            "That is not the code. Tries left: {tries_left}. After that, ask for a new one.",
        ),
        facts=("tries_left",),
    ),
    people.ChallengeUnknown: Problem(
        status=410,
        title=Words("Waktu untuk langkah ini sudah habis", "The time for this step is over"),
        detail=Words(
            "Kode berlaku 10 menit, hanya sekali, dan hanya di peramban tempat Anda memintanya. "
            "Mulai lagi dari "
            "awal; belum ada yang berubah.",
            "A code is good for 10 minutes, once, and only in the browser where you asked for it. "
            "Begin again; "
            "nothing has changed.",
        ),
    ),
    people.PinUnfit: Problem(
        status=422,
        title=Words("PIN terlalu mudah ditebak", "The PIN is too easy to guess"),
        detail=Words(
            "PIN berisi 6 angka, bukan angka berurutan atau angka yang sama semua.",
            "A PIN is 6 digits, not in a row and not all the same.",
        ),
    ),
    people.PinUnset: Problem(
        status=409,
        title=Words("PIN belum dibuat", "There is no PIN yet"),
        detail=Words("Buat PIN dahulu di halaman akun.", "Choose a PIN on the account page first."),
    ),
    people.PinRefused: Problem(
        status=422,
        title=Words("PIN tidak cocok", "The PIN is not right"),
        detail=Words(
            "PIN tidak cocok. Sisa percobaan: {tries_left}.", "That is not the PIN. Tries left: {tries_left}."
        ),
        facts=("tries_left",),
    ),
    people.PinLocked: Problem(
        status=409,
        title=Words("PIN terkunci", "The PIN is locked"),
        detail=Words(
            "PIN salah lima kali. Buat PIN baru di halaman akun, dengan kode yang kami kirim.",
            "The PIN was wrong five times. Choose a new one on the account page, with a code that we send.",
        ),
    ),
    people.NikUnreadable: Problem(
        status=422,
        title=Words("NIK tidak dikenali", "The NIK cannot be read"),
        detail=Words(
            "NIK terdiri atas 16 angka seperti di KTP.", "A NIK is the 16 digits on the identity card."
        ),
    ),
    organisations.NotAnAdministrator: Problem(
        status=403,
        title=Words("Hanya untuk pengurus", "For administrators only"),
        detail=Words(
            "Hanya pengurus organisasi ini yang dapat mengatur anggotanya. Mintalah kepada salah seorang "
            "pengurus.",
            "Only an administrator of this organisation can say who is in it. Ask one of them.",
        ),
    ),
    organisations.MemberUnknown: NOT_FOUND,
    organisations.InvitationUnknown: NOT_FOUND,
    organisations.InvitationRefused: Problem(
        status=422,
        title=Words("Kode undangan tidak diterima", "The invitation's code is not accepted"),
        detail=Words(
            "Kode tidak cocok, sudah dipakai, dibatalkan, atau lewat 7 hari. Periksa penulisannya, atau "
            "minta kode baru kepada pengurus.",
            "The code is wrong, used, withdrawn, or older than 7 days. Check how it is written, or ask an "
            "administrator for a new one.",
        ),
    ),
    organisations.AlreadyMember: Problem(
        status=409,
        title=Words("Anda sudah menjadi anggota", "You are a member already"),
        detail=Words(
            "Anda sudah menjadi anggota organisasi ini. Kodenya masih dapat dipakai orang lain.",
            "You are a member of this organisation. The code can still be used by somebody else.",
        ),
    ),
    organisations.LastAdministrator: Problem(
        status=409,
        title=Words("Organisasi memerlukan pengurus", "An organisation needs an administrator"),
        detail=Words(
            "Tanpa pengurus ini tidak ada yang dapat mengatur anggota. Jadikan anggota lain pengurus lebih "
            "dahulu, atau tutup organisasinya.",
            "Without this administrator nobody could say who is in it. Make another member an administrator "
            "first, or close the organisation.",
        ),
    ),
    organisations.OwnerPresent: Problem(
        status=409,
        title=Words("Organisasi sudah memiliki pengurus", "The organisation has an administrator"),
        detail=Words(
            "Pengurus organisasi ini dapat masuk; merekalah yang mengundang orang lain.",
            "An administrator of this organisation signs in; it is theirs to invite others.",
        ),
    ),
    organisations.MembersRemain: Problem(
        status=409,
        title=Words("Masih ada anggota lain", "There are other members"),
        detail=Words(
            "Keluarkan anggota lain lebih dahulu, atau jadikan salah seorang pengurus lalu Anda keluar.",
            "Remove the others first, or make one of them an administrator and leave.",
        ),
    ),
    organisations.OrganisationFull: Problem(
        status=409,
        title=Words("Terlalu banyak anggota atau undangan", "Too many members or invitations"),
        detail=Words(
            "Paling banyak {most}. Batalkan undangan yang tidak dipakai atau keluarkan anggota lebih dahulu.",
            "At most {most}. Withdraw invitations that nobody uses, or remove members first.",
        ),
        facts=("most",),
    ),
    organisations.AccountsFull: Problem(
        status=409,
        title=Words("Terlalu banyak akun", "Too many accounts"),
        detail=Words(
            "Satu orang dapat bertindak untuk paling banyak {most} akun. Keluar dari salah satunya "
            "lebih dahulu.",
            "One person acts for at most {most} accounts. Leave one of them first.",
        ),
        facts=("most",),
    ),
    partners.PartnerWrong: Problem(
        status=422,
        title=Words("Mitra tidak dapat ditampilkan begitu", "The partner cannot be shown so"),
        detail=Words(
            "Perbaiki bagian {which}: nama 1 sampai 40 huruf yang belum dipakai mitra lain, dan akun milik "
            "organisasi atau saluran.",
            "Correct this part: {which}. A name has 1 to 40 letters and is no other partner's; an account is "
            "an organisation's or a channel's.",
        ),
        facts=("which",),
    ),
    partners.PartnersSpent: Problem(
        status=409,
        title=Words("Terlalu banyak mitra ditampilkan", "Too many partners are shown"),
        detail=Words(
            "Paling banyak {most}. Sembunyikan salah satunya lebih dahulu.",
            "At most {most}. Hide one of them first.",
        ),
        facts=("most",),
    ),
    partners.PartnerNotShown: Problem(
        status=404,
        title=Words("Mitra tidak ditampilkan", "The partner is not shown"),
        detail=Words(
            "Akun {account} tidak ditampilkan di halaman status. Lihat `bubuh partner list`.",
            "The status page does not tell of {account}. See `bubuh partner list`.",
        ),
        facts=("account",),
    ),
    people.AccountBusy: Problem(
        status=409,
        title=Words("Masih ada yang berjalan di akun ini", "Something is under way on this account"),
        detail=Words(
            "Masih ada pesanan yang menunggu pembayaran, pembubuhan, atau pengembalian dana. Tunggu sampai "
            "selesai; pesanan yang tidak dibayar kedaluwarsa sendiri.",
            "An order waits for its payment, or a stamp or a refund is under way. Wait until it has ended; "
            "an unpaid order expires by itself.",
        ),
    ),
    people.AccountNotEmpty: Problem(
        status=409,
        title=Words("Akun ini masih memiliki kuota", "The account still has quota"),
        detail=Words(
            "Masih ada {stamps} meterai di akun ini. Pakai, kirim ke akun lain, atau minta pengembalian dana "
            "lebih dahulu.",
            "There are still {stamps} stamps on it. Use them, send them to another account, or have "
            "them paid "
            "back first.",
        ),
        facts=("stamps",),
    ),
}
