/**
 * Operators and casts that never fail, and never warn in a query, whatever the values ("Operators", "Cast Functions and Operators"). Not here: arithmetic, which
 * leaves the range of its type; bit operations, whose operands may differ in length; JSON operators, whose operands may be no documents.
 */
export const TOTAL_OPERATORS: ReadonlySet<string> = new Set(
  '||,&&,!,and,or,xor,not,is,is true,is false,is unknown,binary,collate,sounds like'.split(','),
);

/** Compare: a text with a number as numbers, which warns where the text is none ("Type Conversion in Expression Evaluation"). */
export const COMPARING_OPERATORS: ReadonlySet<string> = new Set('=,<=>,<>,!=,<,<=,>,>=,between,not between,in,not in'.split(','));

/** Casts of what is of such a type already: a number, a date or a time. What cannot be converted becomes NULL or 0, with a warning. */
export const TOTAL_TYPES: ReadonlySet<string> = new Set(
  'char nchar varchar binary varbinary signed unsigned integer int bigint decimal numeric float double real date datetime time timestamp year'.split(
    ' ',
  ),
);

/** Those of them that take a number as it is. */
export const NUMBER_TYPES: ReadonlySet<string> = new Set(
  'char nchar varchar binary varbinary signed integer int bigint float double real'.split(' '),
);
