import type { PendingCall } from "perdure/engine";
import type { Payload } from "./wire.ts";

/** The waits for one signal, and its messages. */
class Signal {
  readonly waits: PendingCall[] = [];
  /** Messages that nobody waited for when they came. */
  readonly messages: Payload[] = [];
  /** The number of the message that is asked for, or will be. */
  slot = 0;
  isAsked = false;
}

/** The open waits of a run: the messages of a name go to its waits in the order in which these began. */
export class Signals {
  private readonly signals = new Map<string, Signal>();
  private readonly ask: (name: string, slot: number) => void;

  /** @param ask - asks for one message; `came` follows */
  constructor(ask: (name: string, slot: number) => void) {
    this.ask = ask;
  }

  /** Begins a wait. Returns the message, if one is there. */
  wait(name: string, call: PendingCall): Payload | undefined {
    const signal = this.signalOf(name);
    const message = signal.messages.shift();
    if (message) return message;
    signal.waits.push(call);
    if (!signal.isAsked) {
      signal.isAsked = true;
      this.ask(name, signal.slot);
    }
    return undefined;
  }

  /** A message came. Returns the wait that gets it; without one it is kept. */
  came(name: string, message: Payload): PendingCall | undefined {
    const signal = this.signalOf(name);
    signal.slot++;
    signal.isAsked = false;
    const call = signal.waits.shift();
    if (!call) signal.messages.push(message);
    if (signal.waits.length > 0) {
      signal.isAsked = true;
      this.ask(name, signal.slot);
    }
    return call;
  }

  /** Ends a wait without a message. False: it has ended already. */
  end(name: string, call: PendingCall): boolean {
    const { waits } = this.signalOf(name);
    const place = waits.indexOf(call);
    if (place !== -1) waits.splice(place, 1);
    return place !== -1;
  }

  /** Ends those of the waits without a message. */
  endAll(isEnded: (call: PendingCall) => boolean): void {
    for (const { waits } of this.signals.values()) waits.splice(0, Infinity, ...waits.filter((call) => !isEnded(call)));
  }

  private signalOf(name: string): Signal {
    const signal = this.signals.get(name) ?? new Signal();
    this.signals.set(name, signal);
    return signal;
  }
}
