namespace Backup.WebUI.Contracts;

/// <summary>Which namespaces are backed up: those that the first list names (all where it is empty), without those of the second.</summary>
public sealed record FilterView(IReadOnlyList<string> Include, IReadOnlyList<string> Exclude);

/// <summary>What is to be backed up from now on; a list that is null stays as it is.</summary>
/// <param name="Clear">Both lists are emptied first.</param>
public sealed record NamespacesChange(IReadOnlyList<string>? Include, IReadOnlyList<string>? Exclude, bool Clear)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEmpty => Include is null && Exclude is null && !Clear;
}

/// <param name="Deployment">Its name: the lists are those of the whole deployment.</param>
/// <param name="Include">The allow list; empty: everything.</param>
/// <param name="Exclude">The deny list; it wins.</param>
/// <param name="InForce">Whether the newest backup is under it: what it adds is copied, what it leaves out has left.</param>
/// <param name="Text">For people.</param>
public sealed record NamespacesView(
    string Deployment,
    IReadOnlyList<string> Include,
    IReadOnlyList<string> Exclude,
    bool InForce,
    string Text
);
