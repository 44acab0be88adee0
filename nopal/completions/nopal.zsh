# Completion of nopal and inv for zsh: written by `nopal completion --install`.

_nopal_complete() {
    local -a found
    found=("${(@f)$("${words[1]}" --complete -- "${(@)words[1,CURRENT]}" 2>/dev/null)}")
    found=("${(@)found:#}")
    if (( ! $#found )); then
        _files
    elif [[ $found[1] == *: ]]; then
        # `blog:` is the beginning of a path.
        compadd -S '' -a found
        _files
    else
        compadd -a found
    fi
}

if ! whence compdef >/dev/null; then
    autoload -Uz compinit && compinit
fi
compdef _nopal_complete nopal inv invoke
