import { showBytes } from '../../src/cli/show/bytes.ts';
import type { Dropped } from './record.ts';

// Colours of text and lines on the picture's own ground, so that it does not matter on which page it stands.
export const palettes = {
  light: { ground: '#ffffff', frame: '#c9d1d9', text: '#1f2328', muted: '#57606a', good: '#1a7f37', bad: '#b42318' },
  dark: { ground: '#161b22', frame: '#444c56', text: '#e6edf3', muted: '#9da7b3', good: '#56d364', bad: '#ff8a80' },
} as const;

type Palette = Readonly<Record<keyof (typeof palettes)['light'], string>>;

interface Stage {
  readonly x: number;
  readonly width: number;
  readonly title: string;
  readonly does: string;
}

const width = 880;
const stages: readonly Stage[] = [
  { x: 20, width: 164, title: 'drop', does: 'a file in the folder' },
  { x: 214, width: 166, title: 'settle', does: 'unchanged and closed' },
  { x: 410, width: 238, title: 'ledger', does: 'written down before it is done' },
  { x: 678, width: 182, title: 'FLORA', does: 'one asset for the bytes' },
];
const rowTop = 96;
const rowHeight = 58;
/** Of a character in the 12 px monospaced type. */
const characterWidth = 7.3;

/** The way of these files from drop to FLORA, as an SVG. No place depends on a time, so two runs draw the same but for texts. */
export function drawWay(files: readonly Dropped[]): string {
  const height = rowTop + files.length * rowHeight + 12;
  const alt = 'The way of a file: drop, settle, ledger, FLORA';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="t d">
<title id="t">${alt}</title>
<desc id="d">${escaped(files.map(sentenceOf).join(' '))}</desc>
<style>
${rulesOf(palettes.light)}
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.title { font-size: 15px; font-weight: 600; }
@media (prefers-color-scheme: dark) {
${rulesOf(palettes.dark)}
}
</style>
<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${stages.map(drawStage).join('\n')}
${files.map(drawRow).join('\n')}
</svg>
`;
}

function rulesOf({ ground, frame, text, muted, good, bad }: Palette): string {
  return `.ground { fill: ${ground}; stroke: ${frame}; }
.box { fill: none; stroke: ${muted}; }
.way { fill: none; stroke: ${frame}; stroke-width: 2; }
.arrow { fill: ${muted}; }
.text { fill: ${text}; }
.muted { fill: ${muted}; }
.good { fill: ${good}; }
.bad { fill: ${bad}; }`;
}

function drawStage({ x, width: wide, title, does }: Stage, index: number): string {
  const arrow = `<path class="arrow" d="M${x - 25} 37h12v-5l9 8l-9 8v-5h-12z"/>`;
  return `${index === 0 ? '' : `${arrow}\n`}<rect class="box" x="${x}" y="16" width="${wide}" height="48" rx="6"/>
<text class="title text" x="${x + 10}" y="36">${title}</text>
<text class="muted" x="${x + 10}" y="54">${does}</text>`;
}

function drawRow(file: Dropped, index: number): string {
  const y = rowTop + index * rowHeight;
  const isReady = file.state === 'ready';
  const shade = isReady ? 'good' : 'bad';
  const cells: readonly (readonly [string, string])[] = [
    [file.name, showBytes(file.sizeBytes)],
    [`after ${showMs(file.settledAfterMs)}`, 'nobody writes to it'],
    isReady
      ? [stepsOf(file), file.copyOf === null ? 'each step on disk first' : `of ${file.copyOf}`]
      : ['rejected', file.reason ?? ''],
    isReady
      ? [shortId(file.assetId ?? ''), file.copyOf === null ? 'ready' : 'the same asset']
      : ['', 'FLORA is not asked'],
  ];
  const last = stages[isReady ? 3 : 2];
  const dots = stages
    .slice(0, isReady ? 4 : 3)
    .map(({ x }, at) => `<circle class="${at < 2 ? 'muted' : shade}" cx="${x + 5}" cy="${y}" r="5"/>`);
  const texts = stages.flatMap(({ x, width: wide }, at) => {
    const [first, second] = cells[at] ?? ['', ''];
    const fits = Math.floor(wide / characterWidth);
    return [
      `<text class="${at < 2 ? 'text' : shade}" x="${x}" y="${y + 20}">${escaped(cut(first, fits))}</text>`,
      `<text class="muted" x="${x}" y="${y + 36}">${escaped(cut(second, fits))}</text>`,
    ];
  });
  return [`<path class="way" d="M${(stages[0]?.x ?? 0) + 5} ${y}H${(last?.x ?? 0) + 5}"/>`, ...dots, ...texts].join(
    '\n',
  );
}

function stepsOf({ states, copyOf }: Dropped): string {
  return copyOf === null ? states.filter((state) => state !== 'ready').join(' › ') : 'a copy: nothing to send';
}

function sentenceOf(file: Dropped): string {
  if (file.state !== 'ready') return `${file.name} is ${file.state}: ${file.reason ?? ''}`;
  return file.copyOf === null ? `${file.name} becomes an asset.` : `${file.name} shares the asset of ${file.copyOf}.`;
}

function shortId(id: string): string {
  return `${id.slice(0, 14)}…`;
}

function showMs(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
