# Completion of nopal and inv for fish: written by `nopal completion --install`.

function __nopal_complete
    set -l current (commandline --current-token --cut-at-cursor)
    set -l before (commandline --current-process --tokenize --cut-at-cursor)
    set -l found ($before[1] --complete -- $before "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end

for program in nopal inv invoke
    complete --command $program --no-files --arguments '(__nopal_complete)'
end
