namespace Backup.WebUI.Contracts;

/// <summary>What is to be served, and how.</summary>
/// <param name="Subject">A replica set or a cluster.</param>
/// <param name="Snapshot">Its id; null for the newest, or where a moment is given.</param>
/// <param name="Optime">The moment as <c>T,I</c>; null: none.</param>
/// <param name="Before">The moment as a second since 1970; null: none.</param>
/// <param name="Namespaces">Empty: everything.</param>
/// <param name="Address">To listen on.</param>
/// <param name="Port">0: one that is free.</param>
/// <param name="Seconds">For how long.</param>
/// <param name="User">Null: one is made.</param>
/// <param name="Password">Null: one is made.</param>
/// <param name="Tls">False only on loopback.</param>
public sealed record ServeRequestView(
    string Subject,
    string? Snapshot,
    string? Optime,
    string? Before,
    IReadOnlyList<string> Namespaces,
    string Address,
    int Port,
    double Seconds,
    string? User,
    string? Password,
    bool Tls
);

/// <summary>A moment that is served.</summary>
/// <param name="Id">For --stop.</param>
/// <param name="What">Is served.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Port">Where it listens.</param>
/// <param name="User">Of the database admin.</param>
/// <param name="Tls">Whether connections are encrypted.</param>
/// <param name="Until">Then it closes by itself.</param>
/// <param name="Connections">Now.</param>
public sealed record ServedView(
    string Id,
    string What,
    string Address,
    int Port,
    string User,
    bool Tls,
    DateTimeOffset Until,
    int Connections
)
{
    /// <summary>Id of the replica set, or of the cluster's deployment, that it is of.</summary>
    public string Subject { get; init; } = "";

    /// <summary>Shown once, where one was made; else null.</summary>
    public string? Password { get; init; }

    /// <summary>The certificate authority in PEM, where it is just started with TLS.</summary>
    public string? CaPem { get; init; }

    /// <summary>How clients name it; without the password.</summary>
    public string? Uri { get; init; }
}
