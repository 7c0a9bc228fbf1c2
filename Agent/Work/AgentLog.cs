using System.Text.Json;
using Backup.Foundation.Errors;

namespace Backup.Agent.Work;

/// <summary>Lines on standard error, plain or as JSON. No secret reaches it: messages of errors hold none. Thread-safe.</summary>
internal sealed class AgentLog(TextWriter output, bool json, TimeProvider time)
{
    private readonly Lock _lock = new();

    public void Info(string what, string deployment = "", string message = "") =>
        Write("info", what, deployment, message, code: null, hint: null);

    public void Error(BackupException failure, string deployment = "") =>
        Write("error", "failed", deployment, failure.Message, failure.Code, failure.Hint);

    private void Write(string level, string what, string deployment, string message, string? code, string? hint)
    {
        var at = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        var line = json
            ? Json(at, level, what, deployment, message, code, hint)
            : string.Join(
                ' ',
                new[] { at, level, code, what, deployment, message, hint is null ? null : $"Hint: {hint}" }.Where(
                    part => !string.IsNullOrEmpty(part)
                )
            );
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
