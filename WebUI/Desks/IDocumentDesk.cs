using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>Single documents of a backup. It writes down itself what is taken out.</summary>
public interface IDocumentDesk
{
    /// <summary>Progress while the oplog is replayed, then the document as it was.</summary>
    /// <param name="request">Which, and of when; the subject by its id.</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <exception cref="Foundation.Errors.BackupException">There is no such snapshot or moment, or what was typed is none.</exception>
    IAsyncEnumerable<DocumentLine> GetAsync(DocumentRequest request, CancellationToken cancellation);

    /// <summary>Every version, oldest first, as it is found.</summary>
    /// <param name="request">Which, from when until when; the subject by its id.</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <exception cref="Foundation.Errors.BackupException">There is no such moment, or what was typed is none.</exception>
    IAsyncEnumerable<DocumentLine> HistoryAsync(DocumentRequest request, CancellationToken cancellation);
}
