namespace Backup.WebUI.Contracts;

/// <summary>Exports of the appliance's own metadata, beside the blocks.</summary>
/// <param name="Folder">Where they are, on the appliance's host.</param>
/// <param name="Keep">How many are kept; 0: none is made by itself.</param>
/// <param name="Exports">The newest first.</param>
/// <param name="Trouble">Why the last one that was due failed; left out where it did not.</param>
public sealed record MetadataExportsView(
    string Folder,
    int Keep,
    IReadOnlyList<MetadataExportView> Exports,
    ErrorView? Trouble
);

/// <summary>What finishing an upgrade did.</summary>
/// <param name="WasWaiting">The release before could work on the catalogue until now.</param>
/// <param name="SealedUris">How many URIs of deployments were sealed.</param>
public sealed record FinishedUpgradeView(bool WasWaiting, int SealedUris);

/// <param name="Name">Of the file.</param>
/// <param name="MadeAt">The moment of which it is.</param>
/// <param name="Bytes">Its length.</param>
public sealed record MetadataExportView(string Name, DateTimeOffset MadeAt, long Bytes);
