using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    /// <summary>A restore to data files.</summary>
    /// <param name="request">What, and how.</param>
    /// <param name="tar">Receives the tar where the request names no folder.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Hangs up, which stops it.</param>
    internal async Task<DataFilesView> DataFilesAsync(
        DataFilesRequest request,
        Stream tar,
        Action<TargetProgressView> progress,
        CancellationToken cancellation
    )
    {
        using var response = await BeginAsync(ControlRoutes.DataFiles, request, cancellation);
        var body = PipeReader.Create(
            await response.Content.ReadAsStreamAsync(cancellation),
            new StreamPipeReaderOptions(bufferSize: 256 * 1024)
        );
        try
        {
            var result = await ResultAsync(body, progress, cancellation);
            return request.Folder is null
                ? await TarAsync(response, body, result, tar, progress, cancellation)
                : result;
        }
        catch (Exception cut) when (cut is HttpRequestException or HttpIOException)
        {
            throw CliErrors.Damaged($"the appliance ended before the restore did ({cut.Message})");
        }
        finally
        {
            await body.CompleteAsync();
        }
    }

    private static async Task<DataFilesView> ResultAsync(
        PipeReader body,
        Action<TargetProgressView> progress,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellation);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                var line = rest.Slice(0, end);
                rest = rest.Slice(rest.GetPosition(1, end));
                var said = JsonSerializer.Deserialize<DataFilesLine>(line.ToArray(), ControlJson.Wire)!;
                if (said.Error is { } error)
                {
                    throw Thrown(error);
                }

                if (said.Result is { } result)
                {
                    body.AdvanceTo(rest.Start);
                    return result;
                }

                progress(said.Progress!);
            }

            body.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                throw CliErrors.Damaged("the appliance ended before the restore did");
            }
        }
    }

    private static async Task<DataFilesView> TarAsync(
        HttpResponseMessage response,
        PipeReader body,
        DataFilesView result,
        Stream tar,
        Action<TargetProgressView> progress,
        CancellationToken cancellation
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var received = 0L;
        ReadResult read;
        do
        {
            read = await body.ReadAsync(cancellation);
            foreach (var part in read.Buffer)
            {
                hash.AppendData(part.Span);
                await tar.WriteAsync(part, cancellation);
                received += part.Length;
            }

            body.AdvanceTo(read.Buffer.End);
            progress(new TargetProgressView("deliver", "", result.Documents, received, result.FileBytes));
        } while (!read.IsCompleted);

        if (TrailerOf(response, ControlRoutes.ErrorTrailer) is { } error)
        {
            throw Thrown(Decoded<ErrorView>(error));
        }

        var isTold = long.TryParse(
            TrailerOf(response, ControlRoutes.BytesTrailer),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var sent
        );
        return isTold && sent == received
            ? result with
            {
                Bytes = received,
                Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()),
            }
            : throw CliErrors.Damaged($"{received} bytes arrived, {(isTold ? sent : "an unknown number")} were sent");
    }

    /// <summary>Asks for long work; the answer's body is read as it comes.</summary>
    /// <exception cref="Foundation.Errors.BackupException">What the appliance refused it with.</exception>
    private async Task<HttpResponseMessage> BeginAsync<TRequest>(
        string route,
        TRequest request,
        CancellationToken cancellation
    )
    {
        using var content = JsonContent.Create(request, options: ControlJson.Wire);
        using var message = new HttpRequestMessage(HttpMethod.Post, route)
        {
            Content = content,
            Version = _http.DefaultRequestVersion,
            VersionPolicy = _http.DefaultVersionPolicy,
        };
        var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await ErrorAsync(response, cancellation);
        }
    }
}
