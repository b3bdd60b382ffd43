/**
 * Operators and casts that never fail in a query, whatever the values ("Operators", "Cast Functions and Operators"). Not here: arithmetic, which
 * leaves the range of its type; bit operations, whose operands may differ in length; JSON operators, whose operands may be no documents.
 */
export const TOTAL_OPERATORS: ReadonlySet<string> = new Set(
  '=,<=>,<>,!=,<,<=,>,>=,||,&&,!,and,or,xor,not,is,is true,is false,is unknown,binary,collate,%,mod,between,not between,in,not in,sounds like'.split(
    ',',
  ),
);

/** What cannot be converted becomes NULL or 0, with a warning. */
export const TOTAL_TYPES: ReadonlySet<string> = new Set(
  `char nchar varchar binary varbinary signed unsigned integer int bigint decimal numeric float double real date datetime time timestamp year
  inet4 inet6 uuid`.split(/\s+/),
);
