namespace Backup.Cli.Control;

/// <summary>What of a backup is written to files, and how.</summary>
/// <param name="Gzip">Compressed.</param>
/// <param name="Namespaces">What is restored; none: everything.</param>
/// <param name="Renames">What is called otherwise: <c>from=to</c>.</param>
/// <param name="Users">With users and roles.</param>
/// <param name="Hashes">Whether the SHA-256 of what is written is made.</param>
internal sealed record RestoreShape(
    bool Gzip,
    IReadOnlyList<string> Namespaces,
    IReadOnlyList<string> Renames,
    bool Users,
    bool Hashes = true
)
{
    /// <summary>As parameters of a query, without the mark before the first.</summary>
    internal string Query =>
        string.Join(
            '&',
            [
                .. Namespaces.Select(static one => Parameter(ControlRoutes.NamespaceParameter, one)),
                .. Renames.Select(static one => Parameter(ControlRoutes.RenameParameter, one)),
                .. Gzip ? [Parameter(ControlRoutes.GzipParameter, "1")] : (string[])[],
                .. Hashes ? (string[])[] : [Parameter(ControlRoutes.NoChecksumParameter, "1")],
                .. Users ? [Parameter(ControlRoutes.UsersParameter, "1")] : (string[])[],
            ]
        );

    private static string Parameter(string name, string value) => $"{name}={Uri.EscapeDataString(value)}";
}
