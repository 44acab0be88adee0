#!/bin/sh
# shellcheck disable=SC2016 # jq has variables too
# nopal: keeps the state of a coding agent at its tmux pane, where the person's computer reads it.
# An agent's hooks call it with the name of an event; the event itself, in JSON, is on stdin. It says
# nothing and always succeeds: an agent would take a word or a failure for an answer.
event=${1:-}
if [ -z "${TMUX_PANE:-}" ] || [ -z "${NOPAL_SESSION:-}" ]; then
    exec cat >/dev/null
fi
# An agent that another one has started within its pane says nothing of the pane's.
agents=0
pid=$PPID
while [ "${pid:-0}" -gt 1 ] && read -r name <"/proc/$pid/comm"; do
    case $name in
    tmux*) break ;;
    claude | claude.exe | codex) agents=$((agents + 1)) ;;
    esac
    read -r stat <"/proc/$pid/stat" || break
    # The name in parentheses may hold anything; state and parent follow the last of them.
    stat=${stat##*) ? }
    pid=${stat%% *}
done 2>/dev/null
if [ "$agents" -gt 1 ]; then
    exec cat >/dev/null
fi

asked='.tool_input as $in | if .tool_name == "AskUserQuestion" then $in.questions[0].question
    else "\(.tool_name): \($in.command // $in.file_path // $in.url // $in.plan // $in.description //
    ($in | tostring))" end'
# With this conversation it is started again at boot, where that is wanted.
goes_on_with() {
    again=$HOME/.local/state/nopal/again/$NOPAL_SESSION
    [ -f "$again" ] || return 0
    # Whole or not at all: a machine may go down at any time.
    printf '%s\n' "$1" >"$again.new.id" && mv -f "$again.new.id" "$again.id"
}
state='' question=''
case $event in
SessionStart)
    told=$(jq -r '"\(.source) \(.session_id // "")"' 2>/dev/null)
    # After a compaction the agent goes on with what it did; one that was started with a prompt has
    # yet to take it up.
    case "${told%% *} $(tmux show-options -pqv -t "$TMUX_PANE" @nopal_state 2>/dev/null)" in
    "compact "* | *" prompted "*) ;;
    *) state=idle ;;
    esac
    # A conversation that begins is none yet.
    [ "${told%% *}" != resume ] || goes_on_with "${told#* }"
    ;;
UserPromptSubmit)
    state=working
    goes_on_with "$(jq -r '.session_id // ""' 2>/dev/null)"
    ;;
PostToolUse) state=working ;;
PermissionRequest | PreToolUse)
    state=waiting
    question=$(jq -r "$asked" 2>/dev/null)
    ;;
Stop)
    state="done"
    [ "$(jq '(.background_tasks // []) | length' 2>/dev/null || echo 0)" = 0 ] || state=background
    ;;
StopFailure)
    state=failed
    question=$(jq -r '.error_details // .error // empty' 2>/dev/null)
    ;;
esac
cat >/dev/null
if [ -n "$state" ]; then
    question=$(printf %s "$question" | head -c 400 | base64 -w 0)
    tmux set-option -p -t "$TMUX_PANE" @nopal_state "$state $(date +%s) $question" >/dev/null 2>&1
fi
exit 0
