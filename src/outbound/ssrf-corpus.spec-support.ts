/**
 * How a target inside the house is written to get past a check: every group holds hosts, and each is a spelling of its own.
 * What URLs make of a host (decimal, octal, hexadecimal, fullwidth digits) is left to the parser on purpose.
 */
const hostsOf = (text: string): readonly string[] => text.trim().split(/\s+/);

export const refusedHosts: Readonly<Record<string, readonly string[]>> = {
  loopback: hostsOf(`
    127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254 127.127.127.127 127.1 127.0.1 127.000.000.001 127.0.0.1. 127.1.
    2130706433 2130706434 017700000001 0177.0.0.1 0177.1 0177.0.0.01 00177.0.0.1 0x7f.0.0.1 0x7f.1 0x7f000001 0X7F000001
    0x7F.0x0.0x0.0x1 0x7f.0.1 0x0007f.1 127.0x1 127.0.01 0177.0x0.0.1 127.65535 127.16777215 0x7fffffff`),
  'loopback in other digits': hostsOf(`
    １２７.０.０.１ 127。0。0。1 127．0．0．1 127｡0｡0｡1 ①②⑦.⓪.⓪.① ①27.0.0.1 𝟏𝟐𝟕.𝟎.𝟎.𝟏 𝟙𝟚𝟟.𝟘.𝟘.𝟙 ¹²⁷.⁰.⁰.¹ ₁₂₇.₀.₀.₁ 𝟣𝟤𝟩.𝟢.𝟢.𝟣 𝟭𝟮𝟳.𝟬.𝟬.𝟭 𝟷𝟸𝟽.𝟶.𝟶.𝟷
    ２１３０７０６４３３ ０x７f.１ 127.0.0.1。 ⑫7.0.0.1 127.⓪.0.1 0ｘ7ｆ.1 12７.1`),
  'loopback percent-encoded': hostsOf(`
    %31%32%37.0.0.1 127%2e0%2e0%2e1 127%2E1 %31%32%37%2e%30%2e%30%2e%31 12%37.1 0%78%37f.1 %30x7f000001 %32130706433
    127.0.0.%31 127%E3%80%820.0.1 %EF%BC%91%EF%BC%92%EF%BC%97.1`),
  'loopback in IPv6': hostsOf(`
    [::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::0001] [0::1] [::0:1] [0:0::1] [::0.0.0.1] [::127.0.0.1]
    [::7f00:1] [0:0:0:0:0:0:127.0.0.1]`),
  'loopback mapped': hostsOf(`
    [::ffff:127.0.0.1] [::FFFF:127.0.0.1] [::ffff:7f00:1] [::ffff:7F00:0001] [0:0:0:0:0:ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1]
    [::ffff:127.1.2.3] [0000:0000:0000:0000:0000:ffff:7f00:0001] [0::ffff:127.0.0.1]`),
  'loopback translated': hostsOf(`
    [::ffff:0:127.0.0.1] [::ffff:0:7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:0:0:0:0:7f00:1] [64:ff9b:1::127.0.0.1]
    [64:ff9b:1:ffff::7f00:1] [2002:7f00:1::] [2002:7f00:1::1] [2002:7f00:0001:0:0:0:0:1] [2001:0:7f00:1::]
    [2001:0:4136:e378:8000:63bf:80ff:fffe] [2001:0:5ef5:79fd:0:0:80ff:fffe]`),
  unspecified: hostsOf(`
    0.0.0.0 0 0.0 0x0 00 0.0.0 0x0.0x0.0x0.0x0 0.0.0.0. 0.1.2.3 0.255.255.255 ０ ⓪ %30 [::] [0:0:0:0:0:0:0:0] [0::0] [::0.0.0.0]
    [::ffff:0.0.0.0] [::ffff:0:0] [64:ff9b::] [2002::]`),
  private: hostsOf(`
    10.0.0.1 10.255.255.255 10.1 167772161 0xa.1 012.0.0.1 0x0a000001 10.0.0.0 172.16.0.1 172.31.255.254 172.16.1 2886729729
    0xac100001 0254.020.0.1 192.168.0.1 192.168.1.1 192.168.65535 3232235521 0xc0a80001 0300.0250.0.1 192.168.257 0xC0.0xA8.0.1
    １０.０.０.１ ①⓪.1 192%2e168.0.1 [::ffff:10.0.0.1] [::ffff:a00:1] [::ffff:172.16.0.1] [::ffff:192.168.0.1] [::ffff:c0a8:1]
    [::10.0.0.1] [::192.168.0.1] [64:ff9b::10.0.0.1] [64:ff9b::192.168.0.1] [64:ff9b:1::10.0.0.1] [2002:a00:1::] [2002:c0a8:1::1]
    [fc00::1] [fd00::1] [fd12:3456:789a::1] [fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff] [FD00::1] [fec0::1] [feff::1]`),
  'link-local and metadata': hostsOf(`
    169.254.169.254 169.254.0.1 169.254.170.2 169.254.255.255 2852039166 0xa9fea9fe 0251.0376.0251.0376 0xa9.0xfe.0xa9.0xfe
    025177524776 169.254.43518 169.16689662 0xA9.254.0251.254 169.254.169.254. １６９.２５４.１６９.２５４ ①⑥⑨.②⑤④.①⑥⑨.②⑤④ %31%36%39.254.169.254
    169。254。169。254 169.254.169.123 169.254.0.23 [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [::169.254.169.254]
    [64:ff9b::169.254.169.254] [64:ff9b::a9fe:a9fe] [64:ff9b:1::a9fe:a9fe] [2002:a9fe:a9fe::] [2001:0:a9fe:a9fe::] [fe80::1]
    [fe80::a9fe:a9fe] [febf::1] [FE80::1] [fd00:ec2::254] [fd00:ec2::23] [fd20:ce::254] 168.63.129.16 0xa83f8110 2822734096
    [::ffff:168.63.129.16] [64:ff9b::168.63.129.16] 192.0.0.192 100.100.100.200`),
  'shared, reserved and for documents': hostsOf(`
    100.64.0.1 100.127.255.254 1681915905 0x64.64.1 [::ffff:100.64.0.1] 192.0.0.1 192.0.0.8 192.0.0.170 192.0.2.1 192.0.2.255
    192.88.99.1 198.18.0.1 198.19.255.254 198.51.100.1 203.0.113.1 203.0.113.255 240.0.0.1 250.1.2.3 255.255.255.254
    255.255.255.255 4294967295 0xffffffff 037777777777 192.31.196.1 192.52.193.1 192.175.48.1 [::ffff:203.0.113.1] [::ffff:255.255.255.255]
    [100::1] [100:0:0:1::1] [200::1] [400::1] [4000::1] [5f00::1] [8000::1] [f000::1] [2001:db8::1] [2001:DB8::1] [2001:0db8:ffff::1]
    [3fff::1] [3fff:fff:ffff::1] [2001:2::1] [2001:3::1] [2001:10::1] [2001:1f::1] [2001:20::1] [2001:2f::1] [2001:30::1] [2001:1::1]
    [2001:4:112::1] [2620:4f:8000::1] [2001:1ff::1] [1fff::1] [::2] [::ffff:0:8.8.8.8] [2002:808:808::] [2001:0:808:808::]
    [64:ff9b:1::808:808] [::8.8.8.8]`),
  multicast: hostsOf(`
    224.0.0.1 239.255.255.255 239.255.255.250 3758096385 0xe0000001 0340.0.0.1 224.1 [ff02::1] [ff01::1] [ff05::2] [ff0e::1] [FF02::FB]
    [::ffff:224.0.0.1]`),
  'no hosts at all': hostsOf(`
    256.256.256.256 127.0.0.1.1 0x100000000 4294967296 09.0.0.1 1.2.3.4.5 [fe80::1%25eth0] [fe80::1%eth0] [::1%lo] [::1 ::1] [::127.1]
    [::ffff:0x7f.1] [::ffff:127.0.0.1.] 127.0.0.1%00 127.0.0.1%0a %2f127.0.0.1 foo%20bar a<b [v1.x] %5B::1%5D %`),
};

/** Names, and what a resolver says of them; an empty list stands for one that does not know the name. */
export const refusedNames: Readonly<Record<string, readonly string[]>> = {
  localhost: ['127.0.0.1', '::1'],
  LOCALHOST: ['127.0.0.1'],
  'localhost.': ['::1'],
  'localhost..': [],
  'LocalHost.': [],
  'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ': [],
  ｌｏｃａｌｈｏｓｔ: [],
  '%6c%6f%63alhost': [],
  'ａｐｐ。localhost': [],
  'app.localhost': [],
  'a.b.LOCALHOST.': [],
  'public.localhost': ['93.184.215.14'],
  'localhost.localdomain': ['127.0.0.1'],
  'ip6-localhost': ['::1'],
  'metadata.google.internal': ['169.254.169.254'],
  'metadata.google.internal.': ['169.254.169.254'],
  'METADATA.google.internal': ['fd20:ce::254'],
  '127.0.0.1;public.example': ['127.0.0.1'],
  metadata: ['169.254.169.254'],
  'instance-data.ec2.internal': ['fd00:ec2::254'],
  'host.docker.internal': ['192.168.65.2'],
  'kubernetes.default.svc': ['10.96.0.1'],
  '127.0.0.1.nip.io': ['127.0.0.1'],
  '7f000001.nip.io': ['127.0.0.1'],
  '169-254-169-254.sslip.io': ['169.254.169.254'],
  'localtest.me': ['127.0.0.1', '::1'],
  'mapped.example': ['::ffff:10.0.0.1'],
  'nat64.example': ['64:ff9b::a00:1'],
  'zone.example': ['fe80::1%eth0'],
  'all-inside.example': ['10.0.0.1', 'fd00::1', '127.0.0.1'],
};

/** Whole URLs whose trick is not the host alone. */
export const refusedUrls: readonly string[] = [
  'http://127.0.0.1:22/',
  'http://127.0.0.1:0/',
  'http://127.0.0.1:65535/',
  'http://127.0.0.1:65536/',
  'http://127.0.0.1:080/',
  'http://[::1]:6379/',
  'http://2130706433:3306/',
  'https://127.0.0.1/',
  'https://[::1]/',
  'https://169.254.169.254/latest/meta-data/',
  'HTTP://127.0.0.1/',
  'hTtPs://10.0.0.1/',
  'http:127.0.0.1',
  'http:/127.0.0.1/',
  'http:///127.0.0.1/',
  'http:////127.0.0.1/',
  'http:\\\\127.0.0.1\\',
  'http:\\/127.0.0.1',
  'http://127.0.0\t.1/',
  'ht\ntp://127.0.0.1/',
  ' http://127.0.0.1/ ',
  'http://127.0.0.1#@public.example/',
  'http://127.0.0.1?@public.example/',
  'http://127.0.0.1\\@public.example/',
  'http://public.example@127.0.0.1/',
  'http://public.example:80@127.0.0.1/',
  'http://public.example%40127.0.0.1/',
  'http://public.example:80%40127.0.0.1/',
  'http://user:password@public.example/',
  'http://user@public.example/',
  'http://:password@public.example/',
  'https://169.254.169.254@public.example/',
  'http://public.example:@user:pw@127.0.0.1@/',
  'http://public.example:80:80@127.0.0.1/',
  'http://',
  'http://#',
  'http://:80/',
  '//127.0.0.1/',
  '/hook',
  '127.0.0.1',
  'localhost:3000',
  '',
  'ftp://public.example/',
  'ftp://127.0.0.1/',
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'dict://127.0.0.1:11211/stats',
  'ldap://127.0.0.1/',
  'ws://public.example/',
  'wss://public.example/',
  'data:text/plain,hello',
  'javascript:alert(1)',
  'blob:http://127.0.0.1/0',
  'jar:http://127.0.0.1!/',
  'unix:/var/run/docker.sock',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
  'urn:uuid:0',
];

/** What must stay allowed; the names lead to public addresses. */
export const publicUrls: readonly string[] = [
  'https://public.example/hook?x=1',
  'http://public.example:8080/hook',
  'https://PUBLIC.example./hook',
  'https://two.example/',
  'https://unknown.example/',
  'https://b%C3%BCcher.example/',
  'https://localhost.example/',
  'https://notlocalhost/',
  'https://8.8.8.8/',
  'https://134744072/',
  'https://1.1.1.1:8443/',
  'https://9.255.255.255/',
  'https://11.0.0.0/',
  'https://100.63.255.255/',
  'https://100.128.0.0/',
  'https://126.255.255.255/',
  'https://128.0.0.1/',
  'https://169.253.255.255/',
  'https://169.255.0.0/',
  'https://172.15.255.255/',
  'https://172.32.0.0/',
  'https://192.0.1.1/',
  'https://192.167.255.255/',
  'https://192.169.0.0/',
  'https://198.17.255.255/',
  'https://198.20.0.0/',
  'https://223.255.255.255/',
  'https://168.63.129.15/',
  'https://[2606:4700:4700::1111]/',
  'https://[2a00:1450:4001:80e::200e]:8443/',
  'https://[2001:4860:4860::8888]/',
  'https://[2400:cb00:2049:1::1]/',
  'https://[::ffff:8.8.8.8]/',
  'https://[64:ff9b::8.8.8.8]/',
];

/** Every refused spelling as a URL. */
export const refusedSpellings: readonly string[] = [
  ...Object.values(refusedHosts).flat().map(urlOf),
  ...Object.keys(refusedNames).map(urlOf),
  ...refusedUrls,
];

function urlOf(host: string): string {
  return `http://${host}/hook`;
}
