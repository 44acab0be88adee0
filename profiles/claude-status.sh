#!/bin/sh
# nopal: Claude Code's status line, so that one sees in which machine one stands. What Claude tells of
# the session is on stdin, in JSON; the first line that is printed is shown.
host=$(uname -n)
told=$(jq -r '.workspace.current_dir // .cwd // "", .model.display_name // ""' 2>/dev/null)
folder=${told%%
*}
model=${told#*
}
branch=$(git -C "$folder" symbolic-ref --short -q HEAD 2>/dev/null)
case $folder in
"$HOME"*) folder="~${folder#"$HOME"}" ;;
esac
printf '%s  %s%s  %s\n' "${host#lima-}" "$folder" "${branch:+ ($branch)}" "$model"
