// What becomes of files on their way: other brands, tags in front, ends that are missing. Made from files that are whole.
import { box, id3, random } from './crafted.ts';

export interface Variant {
  readonly name: string;
  readonly bytes: Buffer;
}

const filmBrands = [
  ...[
    'isom',
    'iso2',
    'iso4',
    'iso5',
    'iso6',
    'mp41',
    'mp42',
    'avc1',
    'M4V ',
    'M4VH',
    'M4A ',
    'MSNV',
    'dash',
    'mmp4',
    'f4v ',
  ],
  ...['XAVC', 'NDSC', '3gp4', '3gp5', '3gp6', '3g2a', 'qt  ', 'mqt ', 'caqv', 'dvr1', 'hvc1', 'cmfc', 'heic', 'zzzz'],
];
const pictureBrands = [
  'avif',
  'avis',
  'mif1',
  'msf1',
  'miaf',
  'MA1B',
  'avio',
  'heic',
  'heix',
  'mp42',
  'isom',
  'jpeg',
  'zzzz',
];

/** By the name of the file that they are made from. */
export function variantsOf(name: string, bytes: Buffer): readonly Variant[] {
  const [stem = name, extension = ''] = name.split('.');
  const made = (how: string, what: Buffer) => ({ name: `${stem}-${how}.${extension}`, bytes: what });
  const always = [
    made('half', bytes.subarray(0, bytes.length >> 1)),
    made(
      'preallocated',
      Buffer.concat([bytes.subarray(0, bytes.length >> 1), Buffer.alloc(bytes.length - (bytes.length >> 1))]),
    ),
    made('head', bytes.subarray(0, 300)),
    made('tiny', bytes.subarray(0, 12)),
  ];
  return [...always, ...special(name, bytes).map(([how, what]) => made(how, what))];
}

type Special = readonly (readonly [string, Buffer])[];

function special(name: string, bytes: Buffer): Special {
  switch (name) {
    case 'usual.mp4':
    case 'faststart.mp4':
      return [...branded(bytes, filmBrands), ...boxed(bytes)];
    case 'sound-only.mp4':
      return branded(bytes, ['isom', 'mp42', 'M4A ', 'M4B ', 'dash', 'qt  ', '3gp4']);
    case 'usual.mov':
      return [...branded(bytes, ['qt  ', 'mqt ', 'zzzz', 'mp42']), ...boxed(bytes)];
    case 'still.avif':
      return [...branded(bytes, pictureBrands), ...boxed(bytes)];
    case 'usual.mp3':
    case 'bare.mp3':
      return [
        ...tagged(bytes),
        ['after-zeros', Buffer.concat([Buffer.alloc(2000), bytes])],
        ['after-junk', Buffer.concat([random(3, 300), bytes])],
        ['cut-front', bytes.subarray(1000)],
      ];
    case 'usual.flac':
    case 'raw.aac':
    case 'dolby.ac3':
    case 'vorbis.ogg':
    case 'usual.wav':
    case 'usual.ts':
    case 'still.png':
      return tagged(bytes);
    case 'still.jpg':
    case 'grey.jpg':
      return jpegs(bytes);
    case 'vp9.webm':
      return [['doctype', replaced(bytes, 'webm', 'wxbm')]];
    case 'rf64.wav':
      return [['bw64', replaced(bytes, 'RF64', 'BW64')]];
    default:
      return [];
  }
}

function branded(bytes: Buffer, brands: readonly string[]): Special {
  return brands.flatMap((brand) => {
    const major = Buffer.from(bytes);
    major.write(brand, 8, 'latin1');
    const alone = Buffer.from(major);
    for (let at = 16; at < bytes.readUInt32BE(0); at += 4) alone.write(brand, at, 'latin1');
    return [
      [`major-${brand.trim()}`, major],
      [`brand-${brand.trim()}`, alone],
    ] as const;
  });
}

/** In front of `ftyp`: offsets into the file are wrong then, which does not matter to who only opens it. */
function boxed(bytes: Buffer): Special {
  const rest = bytes.subarray(bytes.readUInt32BE(0));
  return [
    ['free-first', Buffer.concat([box('free', Buffer.alloc(24)), bytes])],
    ['skip-first', Buffer.concat([box('skip', Buffer.alloc(24)), bytes])],
    ['uuid-first', Buffer.concat([box('uuid', random(5, 40)), bytes])],
    ['wide-first', Buffer.concat([box('wide'), bytes])],
    ['no-ftyp', rest],
  ];
}

function tagged(bytes: Buffer): Special {
  return [100, 5_000, 70_000, 300_000].map((length) => [`id3-${length}`, Buffer.concat([id3(length), bytes])] as const);
}

function jpegs(bytes: Buffer): Special {
  const app = Buffer.concat([
    Buffer.from([0xff, 0xe2, 0xff, 0xff]),
    Buffer.from('ICC_PROFILE\0\x01\x09', 'latin1'),
    Buffer.alloc(65_519),
  ]);
  const first = bytes.subarray(0, 2);
  const rest = bytes.subarray(2);
  return [
    ['profile', Buffer.concat([first, ...Array.from({ length: 9 }, () => app), rest])],
    ['filled', Buffer.concat([first, Buffer.alloc(50, 0xff), rest])],
    ['no-end', bytes.subarray(0, bytes.length - 2)],
    ['and-more', Buffer.concat([bytes, random(4, 5000)])],
    ['huge', huge(bytes, 0xc0)],
    ['huge-filled', huge(Buffer.concat([first, Buffer.alloc(300, 0xff), rest]), 0xc0)],
  ];
}

/** With 20,000 x 20,000 pixels, by its frame header. */
function huge(bytes: Buffer, marker: number): Buffer {
  const made = Buffer.from(bytes);
  const at = made.indexOf(Buffer.from([0xff, marker, 0x00]));
  made.writeUInt16BE(20_000, at + 5);
  made.writeUInt16BE(20_000, at + 7);
  return made;
}

function replaced(bytes: Buffer, what: string, by: string): Buffer {
  const made = Buffer.from(bytes);
  made.write(by, made.indexOf(what), 'latin1');
  return made;
}
