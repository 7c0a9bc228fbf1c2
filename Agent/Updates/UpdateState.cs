using System.Text.Json;
using System.Text.Json.Serialization;
using Backup.Foundation.Files;

namespace Backup.Agent.Updates;

/// <summary>What is known of the last update, in <c>update.json</c> of the agent's folder; none once it has proven itself.</summary>
/// <param name="Version">Of the new program.</param>
/// <param name="Sha256">Of the new program: whether it is in place is told by the program itself.</param>
/// <param name="IsRefused">It did not come up, and is not to be tried again by itself; false while it is on trial.</param>
/// <param name="Starts">How often it was started on trial.</param>
internal sealed record UpdateState(string Version, string Sha256, bool IsRefused, int Starts)
{
    public const string FileName = "update.json";

    /// <summary>Null where there is none. One that cannot be read says nothing: the program in place is whole.</summary>
    public static UpdateState? Load(string folder)
    {
        try
        {
            var path = Path.Combine(folder, FileName);
            return File.Exists(path)
                ? JsonSerializer.Deserialize(File.ReadAllBytes(path), UpdateJson.Default.UpdateState)
                : null;
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Save(string folder) =>
        DurableFile.Write(
            Path.Combine(folder, FileName),
            JsonSerializer.SerializeToUtf8Bytes(this, UpdateJson.Default.UpdateState)
        );

    public static void Delete(string folder) => DurableFile.Delete(Path.Combine(folder, FileName));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UpdateState))]
internal sealed partial class UpdateJson : JsonSerializerContext;
