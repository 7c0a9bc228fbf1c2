using Backup.Metadata;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>What download links lead to: opened here, wherever it comes from.</summary>
public interface IDownloads
{
    /// <summary>Opens what the link leads to; what is wrong with it in itself is said here, before a byte is written.</summary>
    /// <exception cref="Foundation.Errors.BackupException">Transient: later perhaps. Others: the source is gone, or cannot be read.</exception>
    Task<IDownload> OpenAsync(DownloadLink link, CancellationToken cancellation);
}

/// <summary>Something open that can be written out, once; dispose it afterwards.</summary>
public interface IDownload : IAsyncDisposable
{
    /// <summary>Letters and digits. Of two with the same tag every byte is the same, in whichever process they are written.</summary>
    string Tag { get; }

    /// <summary>Writes all of it from the first byte to the last; the stream is flushed, not closed. May write synchronously at the end.</summary>
    Task WriteAsync(Stream output, CancellationToken cancellation);
}
