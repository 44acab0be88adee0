# For zsh at which somebody types; ~/.zshrc reads it. What stands below it there wins.
[[ -o interactive ]] || return

# Every shell reads and writes one history; a line that begins with a blank is not kept.
HISTFILE=${HISTFILE:-~/.zsh_history}
HISTSIZE=100000
SAVEHIST=200000
setopt share_history hist_ignore_all_dups hist_ignore_space extended_history

if (( ! $+functions[compdef] )); then autoload -Uz compinit && compinit -i; fi
zstyle ':completion:*' menu select
zstyle ':completion:*' matcher-list '' 'm:{a-z}={A-Z}'

autoload -Uz vcs_info add-zsh-hook
zstyle ':vcs_info:*' enable git
zstyle ':vcs_info:git:*' formats ' (%b)'
zstyle ':vcs_info:git:*' actionformats ' (%b %a)'
add-zsh-hook precmd vcs_info
setopt prompt_subst
# The machine's name in reverse, so that nobody takes it for the host; red after a failure.
PROMPT='%S '$nopal_machine' %s %F{blue}%~%f%F{magenta}${vcs_info_msg_0_}%f%(?.. %F{red}%?%f) %# '

# fzf before 0.48 does not print its key bindings; the package has them among its examples.
if (( $+commands[fzf] )); then
    eval "$(fzf --zsh 2>/dev/null || cat /usr/share/doc/fzf/examples/key-bindings.zsh 2>/dev/null)"
fi
if (( $+commands[zoxide] )); then eval "$(zoxide init zsh)"; fi
