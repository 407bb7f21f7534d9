"""What stands in an archive's README, in Chinese and English."""

README = """\
热线通话证据 · Evidence of a call to the hotline

核验方法
1. 需要 Python 3.8 或更高版本，无需安装其他软件。
2. 请使用从本单位另行取得的 verify.py；压缩包内附的一份供便利之用。
3. 运行：python3 verify.py 压缩包.zip --key 公钥（公钥由本单位另行公布，64 位十六进制）。
4. 输出「与制作时相符」即各文件自制作以来未被改动；否则逐行列出被改动、缺失或多出的文件。
内容
- contact.json：通话、通话段、操作、监听、录音的间断（gaps）与哈希，以及按时间排列的经过（timeline）。
- audit.jsonl：关于本次通话的审计记录，包括本次制作的请求；seq 为其在审计中的序号。
  号码完整时另附哈希链（prev、hash、signature），可逐条核算。
- recordings/：录音，左声道为市民，右声道为话务员；间断处为静音（市民报出证件号、卡号时暂停）。
- manifest.json、manifest.sig：各文件的 SHA-256 与 Ed25519 签名。
说明：content_hash 在通话结束后封存时取得；source_hash 为 Asterisk 写出的 WAV 的哈希。
Opus 为有损压缩，不能还原该 WAV。

How to verify
1. Python 3.8 or newer is all that is needed.
2. Use a verify.py that you had from the office by another way; the one in here is for convenience.
3. Run: python3 verify.py ARCHIVE.zip --key PUBLIC_KEY (made known by the office by another way; 64 hex digits).
4. "ALL AS IT WAS MADE": no file has changed since. Otherwise each that changed, is missing or was added has a line.
What is in here
- contact.json: the call, its legs, operations, listening sessions, the recordings' gaps and hashes, and what happened
  in order of time (timeline).
- audit.jsonl: the audit's entries about this call, that this archive was asked for included; seq is the entry's number
  in the audit. Where numbers are whole, also its place in the chain (prev, hash, signature), to be computed anew.
- recordings/: the citizen left, the agent right; silence in the gaps (paused while an ID or card number was given).
- manifest.json, manifest.sig: each file's SHA-256, and the Ed25519 signature.
Note: content_hash was taken when the recording was sealed after the call; source_hash is of the WAV that Asterisk
wrote, which Opus, being lossy, cannot give back.
"""
