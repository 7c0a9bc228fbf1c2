using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>Exports of the appliance's own metadata.</summary>
public interface IMetadataDesk
{
    /// <summary>Those that are there.</summary>
    Task<MetadataExportsView> ExportsAsync(CancellationToken cancellation);

    /// <summary>Makes one now, beside those that are made by themselves; the oldest goes where there are too many.</summary>
    Task<MetadataExportView> ExportAsync(CancellationToken cancellation);

    /// <summary>No process of the release before works on the catalogue any more, says who asks: it takes what that one would not understand.</summary>
    Task<FinishedUpgradeView> FinishUpgradeAsync(CancellationToken cancellation);
}
