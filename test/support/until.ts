import { setTimeout as delay } from 'node:timers/promises';
import { Patience } from './patience.ts';

/**
 * Waits until the condition holds, two minutes unless told otherwise; then fails naming what was waited for. Time in which the
 * machine was too busy for us does not count.
 */
export async function until(what: string, condition: () => boolean, withinMs = 120_000): Promise<void> {
  const patience = new Patience();
  while (!condition()) {
    if (patience.spentMs() > withinMs) throw new Error(`Waited ${withinMs} ms in vain: ${what}`);
    await delay(5);
  }
}

/** The same for a condition that has to be asked for; `seen` says in a failure what was there instead. */
export async function untilAsync(
  what: string,
  condition: () => Promise<boolean>,
  withinMs = 120_000,
  seen: () => string = () => '',
): Promise<void> {
  const patience = new Patience();
  while (!(await condition())) {
    if (patience.spentMs() > withinMs) throw new Error(`Waited ${withinMs} ms in vain: ${what}\n${seen()}`);
    await delay(20);
  }
}
