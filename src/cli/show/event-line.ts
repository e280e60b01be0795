import type { Event } from '../../model/index.ts';
import type { Colours } from '../output.ts';
import { dateAndTime } from './time.ts';

export const eventLine = (event: Event, colours: Colours): string =>
  [
    colours.dim(dateAndTime(event.at)),
    severityPaint(event, colours)(event.reason),
    ...(event.service === undefined ? [] : [colours.bold(event.service)]),
    event.message,
  ].join('  ');

const severityPaint = ({ severity }: Event, colours: Colours): ((text: string) => string) => {
  switch (severity) {
    case 'info':
      return colours.cyan;
    case 'warning':
      return colours.yellow;
    case 'error':
      return colours.red;
  }
};
