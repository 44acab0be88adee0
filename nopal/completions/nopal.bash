# Completion of nopal and inv for bash: written by `nopal completion --install`.

_nopal_complete() {
    local each current=$2
    # bash splits `--project=blog` into three words.
    [[ $current == "=" ]] && current=
    COMPREPLY=()
    while IFS= read -r each; do
        [[ $each == "$current"* ]] && COMPREPLY+=("$each")
    done < <("$1" --complete -- "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
    # `blog:` is the beginning of a path.
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o default -F _nopal_complete nopal inv invoke
