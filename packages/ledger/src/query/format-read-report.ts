import { unreachable } from '@sqlwarden/core';
import { describePrincipal, describeProof, moment, plural, printable } from './format-why.js';
import type { ReadColumn, ReadReport, ReadTable, Span } from './read-report.js';

/** The report as text for a person, in lines without colour and without a newline at the end. */
export function formatReadReport(report: ReadReport): string {
  const { totals } = report;
  const lines = [`What ${subjectOf(report)} read`, ''];
  lines.push(
    `${plural(totals.units, 'statement')}, ${plural(totals.rowsReturned, 'row')} and ${plural(totals.bytesReturned, 'byte')} returned, ` +
      `${plural(totals.maskedCells, 'cell')} masked; ${totals.refused} refused, ${totals.failed} failed`,
  );
  if (totals.unclear > 0) lines.push(`${plural(totals.unclear, 'statement')} could not be seen through and may have read more.`);
  lines.push('', 'WHO');
  for (const { principal, ...span } of report.principals)
    lines.push(`  ${describePrincipal(principal)}`, `    proven ${describeProof(principal)}`, `    ${spanOf(span)}`);
  lines.push('', 'POLICY', ...report.policies.map(({ policy, ...span }) => `  ${policy.slice(0, 12)}  ${spanOf(span)}`));
  lines.push('', report.labels.length === 0 ? 'No classified data, as far as the ledger saw.' : 'LABELS');
  for (const { label, ...span } of report.labels) lines.push(`  ${printable(label)}  ${spanOf(span)}`);
  lines.push('', 'READ', ...report.tables.flatMap(tableLines));
  if (report.written.length > 0) lines.push('', 'WRITTEN');
  for (const { upstream, database, relation, ...span } of report.written)
    lines.push(`  ${printable(`${upstream} (${database}) ${relation}`)}  ${spanOf(span)}`);
  return lines.map(printable).join('\n');
}

function subjectOf({ question: { about, name } }: ReadReport): string {
  switch (about) {
    case 'run':
      return `the run ${printable(name)}`;
    case 'identity':
      return printable(name);
    case 'label':
      return `statements with the label ${printable(name)}`;
    default:
      return unreachable(about);
  }
}

function tableLines(table: ReadTable): string[] {
  const { upstream, database, relation, rowsReturned, columns } = table;
  return [
    `  ${printable(`${upstream} (${database}) ${relation}`)}  ${plural(rowsReturned, 'row')}; ${spanOf(table)}`,
    ...columns.map((column) => `    ${columnText(column)}`),
  ];
}

function columnText({ column, units, uses, labels, masks }: ReadColumn): string {
  const masked = masks.map((mask) => `masked as ${mask.function} in ${mask.units}`).join(', ');
  const parts = [plural(units, 'statement'), uses.join(', '), labels.join(', '), masked].filter((part) => part !== '');
  return printable(`${column}  ${parts.join('; ')}`);
}

function spanOf({ units, from, to }: Span): string {
  const [first, last] = [moment(from), moment(to)];
  return `${plural(units, 'statement')}, ${first === last ? first : `${first} to ${last}`}`;
}
