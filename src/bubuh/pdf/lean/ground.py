"""The part of the drawing that all faces share, deflated once: compressors change, these bytes do not."""

from __future__ import annotations

import base64
from typing import Final

#: A zlib stream (RFC 1950) of `bubuh.pdf.face.drawing.GROUND`, flushed to a whole byte and not ended. When
#: the face changes, a test fails and says what stands here then.
DEFLATED: Final = base64.b85decode(
    "c-p*{&2HN;49D+%3cf%+%d{l=+}mzL9wFFJ49TG@u%K_hKdCP_QM@b&hQx{#kraOvMfr`sywLugoPFN+G~(mN^!)lxKb|oEvZHbE9!(6"
    "|2<={Ih;$-91e!)PM`D`hVG1E?FAfVc+cY~gdy-)y_DR6{(nRLTM40AKEX+%r_FOIa*eryxiG(>@2vRIW*QTSd7UI$@$kaq6n8*r9B?^"
    "-DFQK?1aSuqf3X=6Np|~P(56C#BS?EA<MdBXNZhHfld6*0E;s&Y2X^@dkDl;#!LTgu65*gc63wIhUE2&Hl<${iGVK<2kZ>ojf1_j@wGC"
    "!0{0MIQFFo_(3PmHk<#y+1eR0(a+V~mY3_W4w`5*kX6F*d^3=QHqSWv9p3wt1Y;OuE;syX=rPCp+AW=oe>tN6<Twg6IP?k{X?RO7#Fqq"
    "IO0>V|76#1vE+0VTn{8-Y6}c3WzR9U-A4Tjpj-1L~lhU_1rSJg|SZnqW$p+X^dU*B$~bSLC+39XlAVe;6iNij2Mj=xm2F$H|=U4uIK`="
    "rQ;(Wp@UgFKvT>@vNfVTbTxriHFfSl!CKW&@2=}T&U<G*c=N#-i8mkE`ibZ7)NH;>C3qz5dZm!{u6gyXCdOq(mITrC(7J@F=kx;`K2_R"
    "T+|*n1nAc3chBIH~v#Y#v)nTM?yrr<kwh|SyJy#(%XZS4O_d9d($F)2wnWbXkEVHUIo4@BOnwBve+|%nrViM}n+la=)+_^CoZqCG#gE<"
    "pL>ztq<`+jZF#lw}8{+gZQ>-m|EAe;Y)Lr4unc_YZ{05k)5EwTWN|Nks(>TXpdxvv=AlW=#haLaANIr$!U^#A1+SS9({YrKo;jVIVwZ|"
    "ZajWA29YVDAUGu*=0w4zC>K82@9jKL7v#|Nj"
)
ADLER: Final = 0x2CE15FCA  #: of what it inflates to
