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

/// <param name="Name">To tell them apart.</param>
/// <param name="Kind"><c>packs</c>: files of its own; <c>mongodb</c>, <c>s3</c>: shared with other processes.</param>
/// <param name="Place">The folder, or the address without its password.</param>
/// <param name="Blocks">Different ones.</param>
/// <param name="StoredBytes">Of these, as they are stored.</param>
/// <param name="DiskBytes">Of the disk it is on; left out where it is not on one of this host.</param>
/// <param name="FreeBytes">That it may still write; left out likewise.</param>
public sealed record StoreView(
    string Name,
    string Kind,
    string Place,
    long Blocks,
    long StoredBytes,
    long? DiskBytes,
    long? FreeBytes
);
