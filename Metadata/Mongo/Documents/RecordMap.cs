using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Documents;

/// <summary>
/// How a record stands in a document: each parameter of its constructor, and each property that is set at its making, under its name in camel
/// case; durations and times of day with <c>Ms</c> behind it. What a document lacks is what the record takes where nothing is given: documents
/// of older releases are read by newer ones. Nulls are left out.
/// </summary>
internal sealed class RecordMap
{
    private static readonly ConcurrentDictionary<Type, RecordMap> Maps = new();
    private readonly ConstructorInvoker _make;
    private readonly RecordField[] _fields;

    private RecordMap(Type type)
    {
        var maker = type.GetConstructors()
            .Where(one => one.GetParameters() is not [{ } only] || only.ParameterType != type)
            .MaxBy(static one => one.GetParameters().Length)!;
        var parameters = maker.GetParameters();
        _make = ConstructorInvoker.Create(maker);
        Parameters = parameters.Length;
        _fields =
        [
            .. parameters.Select(one => new RecordField(type.GetProperty(one.Name!)!, one)),
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(one => one.CanWrite && parameters.All(given => given.Name != one.Name))
                .OrderBy(static one => one.MetadataToken)
                .Select(static one => new RecordField(one, null)),
        ];
    }

    /// <summary>In the order in which they are written.</summary>
    internal IReadOnlyList<RecordField> Fields => _fields;

    private int Parameters { get; }

    internal static RecordMap Of(Type type) => Maps.GetOrAdd(type, static one => new RecordMap(one));

    /// <summary>The fields alone; the document is the caller's.</summary>
    /// <param name="key">The property that is the document's <c>_id</c>, written first; null where none is.</param>
    internal void WriteFields(BsonWriter writer, object record, string? key = null)
    {
        if (key is not null)
        {
            Values.Write(writer, "_id"u8, Array.Find(_fields, one => one.Property == key)!.Get(record));
        }

        foreach (var field in _fields)
        {
            if (field.Property != key && field.Get(record) is { } value)
            {
                Values.Write(writer, field.Name, value);
            }
        }
    }

    /// <param name="view">Fields that the record does not have are left alone.</param>
    /// <param name="key">As it was written.</param>
    internal object Read(BsonView view, string? key = null)
    {
        var values = new object?[_fields.Length];
        var given = new bool[_fields.Length];
        foreach (var element in view)
        {
            var index = IndexOf(element.Name, key);
            if (index >= 0)
            {
                values[index] = Values.Read(element, _fields[index].Type);
                given[index] = values[index] is not null;
            }
        }

        for (var i = 0; i < Parameters; i++)
        {
            values[i] ??= _fields[i].Otherwise;
        }

        var record = _make.Invoke(values.AsSpan(0, Parameters));
        for (var i = Parameters; i < _fields.Length; i++)
        {
            if (given[i])
            {
                _fields[i].Set(record, values[i]);
            }
        }

        return record;
    }

    private int IndexOf(ReadOnlySpan<byte> name, string? key)
    {
        var isKey = key is not null && name.SequenceEqual("_id"u8);
        for (var i = 0; i < _fields.Length; i++)
        {
            if (isKey ? _fields[i].Property == key : name.SequenceEqual(_fields[i].Name) && _fields[i].Property != key)
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>One value of a record.</summary>
internal sealed class RecordField
{
    private readonly PropertyInfo _property;

    /// <param name="property">What it is read from.</param>
    /// <param name="parameter">What it is made with; null: it is set afterwards.</param>
    internal RecordField(PropertyInfo property, ParameterInfo? parameter)
    {
        _property = property;
        Text = char.ToLowerInvariant(property.Name[0]) + property.Name[1..] + Unit(property.PropertyType);
        Name = Encoding.UTF8.GetBytes(Text);
        Otherwise =
            parameter is { HasDefaultValue: true, DefaultValue: { } value } ? value
            : Type.IsValueType && Nullable.GetUnderlyingType(Type) is null ? Activator.CreateInstance(Type)
            : null;
    }

    internal string Property => _property.Name;

    internal Type Type => _property.PropertyType;

    /// <summary>As it stands in documents.</summary>
    internal string Text { get; }

    /// <summary>The same in UTF-8.</summary>
    internal byte[] Name { get; }

    /// <summary>What it is where a document has nothing.</summary>
    internal object? Otherwise { get; }

    internal object? Get(object record) => _property.GetValue(record);

    internal void Set(object record, object? value) => _property.SetValue(record, value);

    private static string Unit(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) is { } plain
        && (plain == typeof(TimeSpan) || plain == typeof(TimeOnly))
            ? "Ms"
            : "";
}
