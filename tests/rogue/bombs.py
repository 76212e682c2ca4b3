"""Compression bombs of 1 GiB of zeros. Made once with zlib and brotli at their highest levels, kept as data.

They cannot be made at test time: a gibibyte takes seconds to compress, and brotli is no dependency of ours.
"""

from __future__ import annotations

from base64 import b85decode

SIZE = 1 << 30

GZIP_GZIP = b85decode(
    "ABzY8000000t4;bp>9)g9ERa`t!O4TCZ-VMCP-"
    "#TiUEt*6k;KnnLwi3WS}tI2^cN_6n6k~yMSe4Sx^h5?M*B>@AH`d(Led+<URU48*S`NZhnl%>yPD^e_wBByCVPq0AS#jSC^B`7%+Oa`u*z7DF6Tf"
    "Fm&(s_omxX;Nk4)OXmOp0D!^!^y2u*_78!(#rvsq0002M;2r+Go^Q8+U#ss2C+-"
    "0N004vcM=$^Y002@10{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000"
    "S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM00"
    "0151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*"
    "X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxF"
    "aQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b"
    "#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3"
    "phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC00"
    "00WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_"
    "C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151"
    "Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003"
    "G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m"
    "09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00"
    "000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYk"
    "M000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WM"
    "lb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005"
    "vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos7"
    "03b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{"
    "{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09phC0000WMlb*X003G90{{R3phYkM000151Oos703b#%00000S_A_C005vxFaQ7m09ph"
    "C0000WMlb*X003Gp_V;F+E#Tw*;=}9FBYXbs=lR?9JO2;VXNAnj><<6"
)

BROTLI = b85decode(
    "&;S2__$L73u|OdA{-6K<|L{)$#9;w|?)^Xi|Nr5i0EojP0Nwk4{{R2OKLHSj1pvDD|NQ^|hkpVf4hsNu@BjJ#{}2BJKpYkT=-"
    "&VH|NkHU34k~(0MNbv=l}md{1X6iSOB1V|Ih#bfA}W=;;;Zf_x_*%|Nrn$0K{PdfbRW2|NsBtp8$x%0s!6nfBygf!#@EKhXnw-_y7F=|A&79APx%"
    "vbnpN9|NjsF1V9`X0O;QT^Z)-J{t19MECA5G|L6bzKl~E_aaaJLd;ib>|9|)=0OGI!K==Ni|NsB+PXNSW0f6rPKmY&#;hzAA!vX-"
    "^`+xrb|HD545QhZ-"
    "y7&M5|Nn=70w4|x0CeyF`Tze9{{%oB769np|MUO<AN~n|I4l6rz5nO`|3CZ_0C89VpnLz%|NnpZCjjEG06_Qtpa1{=@J|55VF7^d{XhTz|KXnih{"
    "FN^-TQz3|Np~30T71;0J``8{Qv)le*z#53jlQQ|M~y_5B~%}92NlR-v9Ie{~!JdfH*7w(7pfX|NlSy6992o0HAyS&;S2__$L73umC{!{-"
    "6K<|L{)$#9;w|?)^Xi|Nr5i0Eoi^0Nwk4{{R2OKLHSj1pvDD|NQ^|hkpVf4hsNu@BjJ#{}2BJKpYkT=-"
    "&VH|NkHU34k~(0MNbv=l}md{1X6iSOB1V|Ih#bfA}W=;;;Zf_x_*%|Nrn$0K{PdfbRW2|NsBtp8$x%0s!6nfBygf!#@EKhXnw-_y7F=|A&79APx%"
    "vbnpN9|NjsF1V9`X0O;QT^Z)-J{t19MECA5G|L6bzKl~E_aaaJLd;ib>|9|)=0OGI!K==Ni|NsB+PXNSW0f6rPKmY&#;hzAA!vX-"
    "^`+xrb|HD545QhZ-"
    "y7&M5|Nn=70w4|x0CeyF`Tze9{{%oB769np|MUO<AN~n|I4l6rz5nO`|3CZ_0C89VpnLz%|NnpZCjjEG06_Qtpa1{=@J|55VF7^d{XhTz|KXnih{"
    "FN^-TQz3|Np~30T71;0J``8{Qv)le*z#53jlQQ|M~y_5B~%}92NlR-v9Ie{~!JdfH*7w(7pfX|NlSy6992o0HAySKL"
)


def zstd() -> bytes:
    """One frame of run-length blocks (RFC 8878): four bytes for each 128 KiB."""
    block = 128 * 1024
    count = SIZE // block
    head = bytes.fromhex("28b52ffd") + bytes([0b1100_0000, 7 << 3]) + SIZE.to_bytes(8, "little")
    blocks = ((block << 3 | 1 << 1 | (number == count - 1)).to_bytes(3, "little") + b"\0" for number in range(count))
    return head + b"".join(blocks)
