#!/bin/sh
# nopal: run before Claude Code. It would ask whether an API key in its environment shall be used, with
# "no" chosen beforehand, and remembers by the last 20 letters of the key what was answered.
[ -n "${ANTHROPIC_API_KEY:-}" ] || exit 0
state=$HOME/.claude.json
umask 077
new=$(mktemp "$state.XXXXXX") || exit 0
# The key comes from the environment: arguments are for everybody to read.
# shellcheck disable=SC2016 # jq has variables too
if jq -e 'env.ANTHROPIC_API_KEY[-20:] as $tail | .customApiKeyResponses as $had
    | if ($had.approved // []) | index($tail) then empty else . end
    | .customApiKeyResponses.approved = ($had.approved // []) + [$tail]
    | .customApiKeyResponses.rejected = ($had.rejected // []) - [$tail]' "$state" >"$new" 2>/dev/null
then
    mv -f "$new" "$state"
else
    rm -f "$new"
fi
exit 0
