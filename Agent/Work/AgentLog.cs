using System.Text.Json;
using Backup.Foundation.Errors;

namespace Backup.Agent.Work;

/// <summary>
/// Lines on standard error, plain or as JSON; the last ones are kept. No secret reaches it: messages of errors hold none, and what is known to be
/// one is struck out should a server or a driver say it. Thread-safe.
/// </summary>
internal sealed class AgentLog(TextWriter output, bool json, TimeProvider time)
{
    private const string Struck = "***";

    /// <summary>What is shorter stands in every other line by chance.</summary>
    private const int ShortestSecret = 4;

    private readonly Lock _lock = new();
    private volatile string[] _secrets = [];

    /// <summary>The last lines.</summary>
    public LogRing Ring { get; } = new();

    /// <summary>From now on these stand in no line. They replace those named before.</summary>
    public void Conceal(IEnumerable<string> secrets) =>
        // The longest first: one may be a part of another.
        _secrets = [
            .. secrets
                .SelectMany(one => new[] { one, System.Uri.UnescapeDataString(one) })
                .Where(one => one.Length >= ShortestSecret)
                .Distinct(StringComparer.Ordinal)
                .OrderByDescending(one => one.Length),
        ];

    public void Info(string what, string deployment = "", string message = "") =>
        Write("info", what, deployment, message, code: null, hint: null);

    public void Error(BackupException failure, string deployment = "") =>
        Write("error", "failed", deployment, failure.Message, failure.Code, failure.Hint);

    private void Write(string level, string what, string deployment, string message, string? code, string? hint)
    {
        var now = time.GetUtcNow();
        var at = now.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        foreach (var secret in _secrets)
        {
            message = message.Replace(secret, Struck, StringComparison.Ordinal);
            hint = hint?.Replace(secret, Struck, StringComparison.Ordinal);
        }

        var line = json
            ? Json(at, level, what, deployment, message, code, hint)
            : string.Join(
                ' ',
                new[] { at, level, code, what, deployment, message, hint is null ? null : $"Hint: {hint}" }.Where(
                    part => !string.IsNullOrEmpty(part)
                )
            );
        Ring.Add(now, line);
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private static string Json(
        string at,
        string level,
        string what,
        string deployment,
        string message,
        string? code,
        string? hint
    )
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("at", at);
            writer.WriteString("level", level);
            writer.WriteString("event", what);
            foreach (
                var (name, value) in new[]
                {
                    ("deployment", deployment),
                    ("message", message),
                    ("code", code),
                    ("hint", hint),
                }
            )
            {
                if (!string.IsNullOrEmpty(value))
                {
                    writer.WriteString(name, value);
                }
            }

            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
