import type { Graph } from '../ir';
import { mergeCommonSubexpressions } from './common-subexpressions';
import { removeDeadCode } from './dead-code';
import { foldConstants } from './fold-constants';
import { followSelections } from './follow-selections';
import { joinParts } from './join-parts';
import { simplify } from './simplify';

/** All passes that suit every backend, until nothing changes or for a few rounds. */
export function optimize(graph: Graph): Graph {
  let current = removeDeadCode(graph);
  for (let round = 0; round < 4; round++) {
    const before = current.nodes.length;
    current = removeDeadCode(mergeCommonSubexpressions(followSelections(foldConstants(simplify(current)))));
    if (current.nodes.length === before && round > 0) break;
  }
  return joinParts(current);
}
