#!/bin/bash
# A coding agent of no intellect, for a pane of tmux: it does what it reads, a word a line, and calls
# its hook ($HOOK) as Claude Code does. Its name is that of the agent that it stands for.
tell() {
    printf '%s' "$2" | "$HOOK" "$1"
}
echo "agent $# $*"
case $* in *resume*) source=resume ;; *) source=startup ;; esac
tell SessionStart "{\"source\": \"$source\", \"session_id\": \"$FAKE_ID\"}"
while read -r word rest; do
    case $word in
    work)
        tell UserPromptSubmit "{\"session_id\": \"$FAKE_ID\"}"
        echo "esc to interrupt"
        ;;
    ask)
        clear
        tell PermissionRequest "{\"tool_name\": \"Bash\", \"tool_input\": {\"command\": \"$rest\"}}"
        echo "Esc to cancel"
        ;;
    answered) clear ;;
    done)
        clear
        tell Stop "{\"background_tasks\": [$rest]}"
        ;;
    compact) tell SessionStart '{"source": "compact"}' ;;
    fail)
        clear
        tell StopFailure '{"error": "overloaded"}'
        ;;
    nested) "$0" nested </dev/null ;;
    say) echo "said $rest" ;;
    where) git branch --show-current ;;
    exit) exit "$rest" ;;
    esac
done
