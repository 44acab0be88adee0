# For fish at which somebody types. ~/.config/fish is read after this, so what stands there wins.
# History and completion need no word: fish keeps 262144 lines, which all its shells share.
status is-interactive; or return

function fish_prompt
    set -l failed $status
    # The machine's name in reverse, so that nobody takes it for the host; red after a failure.
    printf '%s %s %s %s%s%s' (set_color --reverse) $nopal_machine (set_color normal) \
        (set_color blue) (prompt_pwd) (set_color magenta)
    fish_git_prompt
    set_color normal
    test $failed = 0; or printf ' %s%s%s' (set_color red) $failed (set_color normal)
    printf '> '
end

# fzf before 0.48 does not print its key bindings; the package has them as a function.
if command -q fzf
    if fzf --fish &>/dev/null
        fzf --fish | source
    else if functions -q fzf_key_bindings
        fzf_key_bindings
    end
end
command -q zoxide; and zoxide init fish | source
