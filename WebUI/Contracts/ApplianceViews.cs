namespace Backup.WebUI.Contracts;

/// <summary>The appliance itself, for its administrators.</summary>
/// <param name="Version">Of the programs.</param>
/// <param name="StartedAt">Since when this process runs.</param>
/// <param name="Tls">What it proves itself with; left out where agents are not served.</param>
/// <param name="Daemons">Those that keep heads and do jobs.</param>
/// <param name="Stores">Where blocks are.</param>
public sealed record ApplianceView(
    string Version,
    DateTimeOffset StartedAt,
    TlsView? Tls,
    IReadOnlyList<DaemonView> Daemons,
    IReadOnlyList<StoreView> Stores
);

/// <param name="Authority">SHA-256 of the certificate of the appliance's own authority, hex: what enrolment tokens carry.</param>
/// <param name="AuthorityUntil">When it ends.</param>
/// <param name="Pin">Of the server's public key, as <c>curl --pinnedpubkey</c> takes it; it stays when the certificate is renewed.</param>
/// <param name="ServerUntil">When the server's certificate ends; it is renewed long before.</param>
/// <param name="Names">That the server's certificate has, beside the host's own.</param>
/// <param name="Agents">Where agents connect.</param>
/// <param name="WebIsEncrypted">Whether the web interface is behind the same certificate; else it is on loopback alone.</param>
public sealed record TlsView(
    string Authority,
    DateTimeOffset AuthorityUntil,
    string Pin,
    DateTimeOffset ServerUntil,
    IReadOnlyList<string> Names,
    string Agents,
    bool WebIsEncrypted
);

/// <param name="Name">As jobs name their owner.</param>
/// <param name="Running">False while it is being started again.</param>
/// <param name="ReplicaSets">Whose heads it keeps.</param>
/// <param name="Jobs">Under way.</param>
/// <param name="Trouble">Why it does not run; left out where it does.</param>
public sealed record DaemonView(string Name, bool Running, int ReplicaSets, int Jobs, string? Trouble);

/// <param name="Name">To tell them apart.</param>
/// <param name="Kind"><c>packs</c>: files of its own.</param>
/// <param name="Place">The folder.</param>
/// <param name="Blocks">Different ones.</param>
/// <param name="StoredBytes">Of these, as they are stored.</param>
/// <param name="DiskBytes">Of the disk it is on.</param>
/// <param name="FreeBytes">That it may still write.</param>
public sealed record StoreView(
    string Name,
    string Kind,
    string Place,
    long Blocks,
    long StoredBytes,
    long DiskBytes,
    long FreeBytes
);
