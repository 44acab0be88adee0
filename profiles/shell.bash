# For bash at which somebody types; ~/.bashrc reads it. What stands below it there wins.
case $- in *i*) ;; *) return ;; esac

# Every shell adds its lines to one history at once; a line that begins with a blank is not kept.
HISTSIZE=100000
HISTFILESIZE=200000
HISTCONTROL=ignoreboth:erasedups
shopt -s histappend cmdhist checkwinsize

[ -n "${BASH_COMPLETION_VERSINFO-}" ] || [ ! -r /usr/share/bash-completion/bash_completion ] ||
    . /usr/share/bash-completion/bash_completion

[ ! -r /usr/lib/git-core/git-sh-prompt ] || . /usr/lib/git-core/git-sh-prompt

nopal_prompt() {
    local status=$? branch=''
    history -a
    history -n
    if declare -F __git_ps1 >/dev/null; then branch=$(__git_ps1 ' (%s)'); fi
    # The machine's name in reverse, so that nobody takes it for the host; red after a failure.
    PS1='\[\e[7m\] '$nopal_machine' \[\e[0m\] \[\e[34m\]\w\[\e[0m\]'
    # As a variable: a branch may be called $(anything).
    nopal_branch=$branch
    PS1+='\[\e[35m\]${nopal_branch}\[\e[0m\]'
    if [ "$status" != 0 ]; then PS1+=' \[\e[31m\]'$status'\[\e[0m\]'; fi
    PS1+=' \$ '
    return "$status"
}
case ";${PROMPT_COMMAND[*]-};" in
*nopal_prompt*) ;;
*) PROMPT_COMMAND=nopal_prompt${PROMPT_COMMAND:+";$PROMPT_COMMAND"} ;;
esac

# fzf before 0.48 does not print its key bindings; the package has them among its examples.
if command -v fzf >/dev/null; then
    eval "$(fzf --bash 2>/dev/null || cat /usr/share/doc/fzf/examples/key-bindings.bash 2>/dev/null)"
fi
if command -v zoxide >/dev/null; then eval "$(zoxide init bash)"; fi
