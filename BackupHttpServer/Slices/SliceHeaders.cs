using System.Globalization;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Slices;

/// <summary>What a slice's headers announce, each checked for its form and range.</summary>
internal sealed record SliceHeaders(int StoredLength, int RawLength, int Documents, byte[] Sha256)
{
    /// <summary>The hash as it stands in object names.</summary>
    public string HashText => Convert.ToHexStringLower(Sha256);

    /// <param name="request">With the headers.</param>
    /// <param name="mayBeEmpty">A catalogue may list nothing: a new replica set has no collections. A slice without documents is a mistake.</param>
    /// <exception cref="Foundation.Errors.BackupException">8006, 8007.</exception>
    public static SliceHeaders Read(HttpRequest request, bool mayBeEmpty = false)
    {
        if (request.ContentType != AgentProtocol.SliceMediaType)
        {
            throw BackupHttpServerErrors.Header("Content-Type", $"must be {AgentProtocol.SliceMediaType}");
        }

        var stored = request.ContentLength ?? throw BackupHttpServerErrors.Header("Content-Length", "is missing");
        if (stored is 0 or > AgentProtocol.MaxSliceBodyLength)
        {
            throw stored == 0
                ? BackupHttpServerErrors.Header("Content-Length", "is 0")
                : BackupHttpServerErrors.TooLong(AgentProtocol.MaxSliceBodyLength);
        }

        var least = mayBeEmpty ? 0 : 1;
        var raw = Number(request, AgentHeaders.RawLength, least);
        if (raw > AgentProtocol.MaxSliceRawLength)
        {
            throw BackupHttpServerErrors.TooLong(AgentProtocol.MaxSliceRawLength);
        }

        return new SliceHeaders((int)stored, raw, Number(request, AgentHeaders.Documents, least), Hash(request));
    }

    /// <exception cref="Foundation.Errors.BackupException">8006.</exception>
    public static Optime ReadOptime(HttpRequest request, string name) =>
        WireOptimeText.TryParse(Single(request, name), out var optime)
            ? optime
            : throw BackupHttpServerErrors.Header(name, "is no optime (t,i,term)");

    private static int Number(HttpRequest request, string name, int least) =>
        int.TryParse(Single(request, name), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        && value >= least
            ? value
            : throw BackupHttpServerErrors.Header(name, $"is no whole number of at least {least}");

    private static byte[] Hash(HttpRequest request)
    {
        var text = Single(request, AgentHeaders.Sha256);
        var hash = new byte[32];
        return
            text.Length == 64
            && Convert.FromHexString(text, hash, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == 32
            ? hash
            : throw BackupHttpServerErrors.Header(AgentHeaders.Sha256, "is no SHA-256 in hex");
    }

    private static string Single(HttpRequest request, string name)
    {
        var values = request.Headers[name];
        return values.Count == 1 && values[0] is { } value
            ? value
            : throw BackupHttpServerErrors.Header(name, "must be there once");
    }
}
