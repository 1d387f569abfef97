"""The part of the drawing that all faces share, deflated once: compressors change, these bytes do not."""

from __future__ import annotations

import base64
from typing import Final

#: A zlib stream (RFC 1950) of `bubuh.pdf.face.GROUND`, flushed to a whole byte and not ended. When the face
#: changes, a test fails and says what stands here then.
DEFLATED: Final = base64.b85decode(
    "c-qWXOKux64Bh7xyg*fH^qsYL-4#B<phZ!{i!=*gzvQDnlUQ-!)<p_uC~`!Rd=$ya6Ma6=_Dl}H=Z!4?oYm*oH~Rj-`-"
    "dZ06C;zHgcLd+$YeTGG>I0=<V2p9V3w4!aM`Thdu)5hWTRph@=+DQm!T3CsCWvgSqSUcj=o!nd00qxsH9LWq|z*8H@0)^7V<hQlx"
    "3)t1eF~i(P)ssUxM--lAi&RQw<XMOHjT;@-sldS%!rPDBmIZ8KC3!3tWQ<4e;tr>4;URkfBvEuepO3w(K-"
    "2Y#eR4Rakdg6*(Vn(3x%6p;5u(XhRR7!G~7G&xczAm~9z=MoqyBjCml;b9~~cBZM%+m<Pf<$0tWSLO_{e%mZPb;{)(@XJ>|ST(e!"
    "6EOOUgZrO3woYCBCkw5O~Bk{R22@rYMOi?0x4>}LHNW_jUOfVNjvoIRfbnHUM!xO1v9U$V6zVP#t#4YE1!9)S$iYXydVJx(r9-"
    "@(&c6=#O%t~%KWM>Iv<H&<B{BC6}UNVp}lUQ~pYA53KMiNzEi`;y?tH?H99d^X1+T_F#6V|k><0N&ggQ-"
    "W(W1C|W`GiSGkL1|_m?#UU!K_R(+;SsJAcO*v7UxxlsH~4u(-O4XS(kk_jetZFI46?o5biA-"
    "|8MG?qKk^okqXEoc&{7pXT9byshG(A!-"
    "T%@tgh1AaenPpf7x!e`W=gB6n<Ff6DZq|02VI)F!gzAK3mL_i0wXJzmL~({RQOOzpg!d1IVuH)I%IvBAjrGcMIvYEN!)-"
    "tRt;xC)82xzzx$3y7DpPG@;jICOXI-bi*+VBQka`i?w?53ep+(mQmNsKX6>q{21iWN%~Fa_oMNC+$Zfl;q?;c${!T|4P|;mqtqVJ"
    "Mkz9Q3ZF@nv4BP9mD4L;K{LPDz$N2rw+D<k9mo+CsIpX~tO;XN>LcsG<AlYYGD}zQ$kw8^T9ngV^FMFU+OFOB4qU{i6|#)tM^tXA"
    "Nwyy|39g=fZ%Es}9?^f&824~@m+yajbLZ>3{S({!@izbf0RR6"
)
ADLER: Final = 0x5194AC58  #: of what it inflates to
